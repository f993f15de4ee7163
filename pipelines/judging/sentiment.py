"""The mood of a text: Thai by a small model trained on Wisesight (CC0), English by words of ours; negation in both."""

import math
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.judging.features import pieces, weighed

MODEL = Path(__file__).with_name("thai.npz")
LABELS = {"neg": "negative", "neu": "neutral", "pos": "positive", "q": "neutral"}  # a question has no mood
UNKNOWN = "unknown"
_SURE = 0.5  # below: unknown. On Wisesight's validation split 11 % are, and 76 % of the others are right
_TURN = 2.5  # what a negated word of the list moves the odds by: the model hears "ไม่" as bad wherever it stands
_THAI = re.compile("[\u0e01-\u0e5b]")
_WORD = re.compile(r"[a-z']+")
_REACH = 3  # words after an English negation that it turns


class Model(NamedTuple):
    """Weights by label and place, each label's start, and how rare a piece is."""

    labels: list[str]
    weights: Any
    starts: list[float]
    rarity: Any


def feel(text: str) -> tuple[str, float]:
    """Return positive, neutral, negative or unknown, and how sure that is, 0 to 1."""
    if _THAI.search(text):
        return _thai(text)
    return _english(text)


@cache
def read_model() -> Model:
    """Read the shipped model. NumPy is imported here: who judges nothing does not wait for it."""
    import numpy as np

    with np.load(MODEL, allow_pickle=False) as kept:
        weights = kept["weights"].astype(np.float32) * kept["scale"]
        rarity = kept["rarity"].astype(np.float32) * kept["rarity_scale"]
        return Model(list(map(str, kept["labels"])), weights, list(map(float, kept["starts"])), rarity)


def odds(text: str, model: Model) -> dict[str, float]:
    """Return the model's score of each label, before negation."""
    found = weighed(pieces(text), model.rarity)
    places, weights = list(found), list(found.values())
    return {
        label: start + float(sum(row[place] * weight for place, weight in zip(places, weights, strict=True)))
        for label, row, start in zip(model.labels, model.weights, model.starts, strict=True)
    }


def _thai(text: str) -> tuple[str, float]:
    scores = odds(text, read_model())
    bad, good = _negated(text)
    scores["neg"] += _TURN * (bad - 2 * good)
    scores["pos"] += _TURN * (good - bad)
    scores["neu"] += _TURN * good
    highest = max(scores.values())
    powers = {label: math.exp(score - highest) for label, score in scores.items()}
    chances: dict[str, float] = {}
    for label, power in powers.items():
        chances[LABELS[label]] = chances.get(LABELS[label], 0.0) + power / sum(powers.values())
    name, sure = max(chances.items(), key=lambda each: each[1])
    return (name if sure >= _SURE else UNKNOWN), round(sure, 3)


def _negated(text: str) -> tuple[int, int]:
    """Count what is denied: good things (not good) and bad ones (no problem)."""
    words = _words()["thai"]
    no = "|".join(words["negations"])
    bad = re.findall(rf"(?:{no})(?:{'|'.join(words['positive'])})", text)
    good = re.findall(rf"(?:{no})(?:{'|'.join(words['negative'])})", text)
    return len(bad), len(good)


@cache
def _words() -> dict[str, Mapping[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text())


def _english(text: str) -> tuple[str, float]:
    words = _words()["english"]
    positive, negative, no = set(words["positive"]), set(words["negative"]), set(words["negations"])
    good = bad = 0
    since_negation = _REACH + 1
    for word in _WORD.findall(text.casefold().replace("’", "'")):
        since_negation = 0 if word in no else since_negation + 1
        is_turned = 0 < since_negation <= _REACH
        good += (word in positive and not is_turned) or (word in negative and is_turned)
        bad += (word in negative and not is_turned) or (word in positive and is_turned)
    if good == bad:
        return UNKNOWN, 0.5 if good else 0.0
    sure = round((max(good, bad) + 1) / (good + bad + 2), 3)
    return ("positive" if good > bad else "negative"), sure
