"""Train the Thai model: ``python -m pipelines.judging.train FOLDER``, where Wisesight's ``*.jsonl.gz`` lie.

Needs scikit-learn (``pip install -e .[dev]``). The same data give the same file. It prints what the model is worth on
the validation split, measured on the weights as they are shipped.
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.judging.features import BUCKETS, pieces, weighed
from pipelines.judging.sentiment import MODEL, odds, read_model

_RARITY_SCALE = 0.05
_STRENGTH = 3.0  # of the fit
_SHARES = {"neg": 1, "neu": 1, "pos": 1, "q": 4}  # questions are rare there


def read(path: Path) -> tuple[list[str], list[str]]:
    """Read one split: texts and their labels (neg, neu, pos, q)."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["texts"] for row in rows], [row["category"] for row in rows]


def train(texts: Sequence[str], labels: Sequence[str], to: Path) -> None:
    """Fit the model and write it, its weights in eight bits."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    counted = [pieces(text) for text in texts]
    texts_with = Counter(place for found in counted for place in found)
    rarity = np.ones(BUCKETS, dtype=np.uint8)
    for place in range(BUCKETS):
        rarity[place] = round((np.log((1 + len(texts)) / (1 + texts_with[place])) + 1) / _RARITY_SCALE)
    scaled = [float(each) * _RARITY_SCALE for each in rarity]
    rows = [weighed(found, scaled) for found in counted]
    fitted = LogisticRegression(C=_STRENGTH, max_iter=300, class_weight=_SHARES).fit(_matrix(rows), labels)
    scale = float(np.abs(fitted.coef_).max()) / 127
    np.savez_compressed(
        to,
        labels=np.array(fitted.classes_, dtype="U3"),
        weights=np.round(fitted.coef_ / scale).astype(np.int8),
        scale=np.float32(scale),
        starts=fitted.intercept_.astype(np.float32),
        rarity=rarity,
        rarity_scale=np.float32(_RARITY_SCALE),
    )


def _matrix(rows: Sequence[dict[int, float]]) -> Any:
    from scipy.sparse import csr_matrix

    places = [place for row in rows for place in row]
    weights = [weight for row in rows for weight in row.values()]
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row))
    return csr_matrix((weights, places, ends), shape=(len(rows), BUCKETS))


def accuracy(texts: Sequence[str], labels: Sequence[str]) -> float:
    """Return the share of texts whose label (one of four) the shipped model finds."""
    model = read_model()
    right = 0
    for text, label in zip(texts, labels, strict=True):
        scores = odds(text, model)
        right += max(scores, key=lambda each: scores[each]) == label
    return right / len(texts)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    train(*read(folder / "train.jsonl.gz"), MODEL)
    print(f"{MODEL.stat().st_size} bytes, accuracy {accuracy(*read(folder / 'valid.jsonl.gz')):.4f} on the valid split")
