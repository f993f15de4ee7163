"""When people do something, by few observations each: a person's own times, pulled to those of others.

Dirichlet and multinomial: a person's share of an hour is what was seen of the person, and ``strength`` observations as
the others have them. Hours are a circle; what was seen at one counts for its neighbours too (``kernel``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KERNEL = (0.25, 0.5, 0.25)
NO_KERNEL = (0.0, 1.0, 0.0)
_STRENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 200.0)


@dataclass(frozen=True)
class Habits:
    """``shares`` of everybody, and how strongly a group is pulled to them and a person to the group."""

    shares: list[float]
    group_strength: float
    person_strength: float
    kernel: tuple[float, float, float]
    log_score: float

    def weights(self, counts: Floats, group_counts: Floats) -> Floats:
        """Return each person's Dirichlet weights: rows of ``counts`` by bin; ``group_counts`` are the colleagues'."""
        smooth = smoothed(counts, self.kernel)
        others = _pulled(smoothed(group_counts, self.kernel), np.array(self.shares), self.group_strength)
        return smooth + self.person_strength * others


def smoothed(counts: Floats, kernel: tuple[float, float, float]) -> Floats:
    """Let what was seen in a bin count for both its neighbours; the last bin is a neighbour of the first."""
    before, own, after = kernel
    return before * np.roll(counts, -1, axis=-1) + own * counts + after * np.roll(counts, 1, axis=-1)


def colleagues(counts: Floats, groups: Ints) -> Floats:
    """Return for each person what was seen of the others of the same group."""
    totals = np.zeros((int(groups.max()) + 1 if len(groups) else 0, counts.shape[1]))
    np.add.at(totals, groups, counts)
    return np.asarray(totals[groups] - counts)


def fit(counts: Floats, groups: Ints, kernel: tuple[float, float, float]) -> Habits:
    """Choose the strengths that foresee each observation best from all the others (leave one out)."""
    shares = smoothed(counts.sum(axis=0) + 1.0, kernel)
    shares = shares / shares.sum()
    others = smoothed(colleagues(counts, groups), kernel)
    own = smoothed(counts, kernel) - kernel[1]  # one observation of the bin taken away
    left = counts.sum(axis=1, keepdims=True) - 1
    best = (-np.inf, _STRENGTHS[-1], _STRENGTHS[-1])
    for group_strength in _STRENGTHS:
        pulled = _pulled(others, shares, group_strength)
        for strength in _STRENGTHS:
            foreseen = np.maximum(own, 0) + strength * pulled
            score = float((counts * np.log(foreseen / np.maximum(left + strength, 1e-9))).sum() / counts.sum())
            if score > best[0] + 1e-9:
                best = (score, group_strength, strength)
    log_score, group_strength, strength = best
    return Habits(shares.tolist(), group_strength, strength, kernel, log_score)


def _pulled(counts: Floats, shares: Floats, strength: float) -> Floats:
    return np.asarray((counts + strength * shares) / (counts.sum(axis=-1, keepdims=True) + strength))


def interval(weights: Floats, best: Ints) -> tuple[Floats, Floats, Floats]:
    """Return the share of each person's ``best`` bin, and the ends of its 95 % interval."""
    chosen = np.take_along_axis(weights, best[:, None], axis=1)[:, 0]
    total = weights.sum(axis=1)
    low, high = (betaincinv(chosen, total - chosen, level) for level in (0.025, 0.975))
    return chosen / total, low, high
