"""How well probabilities came true: figures of a past window in which the model had seen nothing."""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from predictions.logistic import Floats

_ENOUGH = 0.05  # a difference of predicted and happened counts less likely than this is no chance
_BINS = 5


@dataclass(frozen=True)
class Bin:
    """Rows with similar probabilities: how many, the mean predicted and the share that happened."""

    rows: int
    predicted: float
    happened: int


@dataclass(frozen=True)
class Figures:
    """``predicted`` is the sum of the probabilities; ``p_value`` of a count as far from it as what happened.

    ``auc`` is the chance that a row which happened was ranked above one which did not; None without both.
    """

    rows: int
    predicted: float
    happened: int
    p_value: float
    auc: float | None
    brier: float
    brier_base_rate: float
    calibration_error: float
    bins: list[Bin]

    @property
    def verdict(self) -> str:
        """Say whether as many happened as predicted: ``agrees``, ``too_high`` or ``too_low``."""
        if self.p_value >= _ENOUGH:
            return "agrees"
        return "too_high" if self.predicted > self.happened else "too_low"


def judge(probabilities: Floats, happened: Floats, bins: int = _BINS) -> Figures:
    """Compare probabilities with what happened (1 or 0).

    Of each bin about equally many are foreseen: where little happens, bins of equally many rows would all be alike.
    """
    rows, count = len(happened), int(happened.sum())
    predicted = float(probabilities.sum())
    variance = float((probabilities * (1 - probabilities)).sum())
    distance = max(0.0, abs(count - predicted) - 0.5) / sqrt(max(variance, 1e-12))
    order = np.argsort(probabilities, kind="stable")
    places = np.minimum(bins * np.cumsum(probabilities[order]) / max(predicted, 1e-12), bins - 1).astype(int)
    parts = [part for place in range(bins) if len(part := order[places == place])]
    found = [Bin(len(part), float(probabilities[part].mean()), int(happened[part].sum())) for part in parts]
    share = count / rows
    return Figures(
        rows=rows,
        predicted=predicted,
        happened=count,
        p_value=erfc(distance / sqrt(2)),
        auc=_auc(probabilities, happened),
        brier=float(np.mean((probabilities - happened) ** 2)),
        brier_base_rate=share * (1 - share),
        calibration_error=sum(abs(each.predicted * each.rows - each.happened) for each in found) / rows,
        bins=found,
    )


def _auc(probabilities: Floats, happened: Floats) -> float | None:
    """Return the area under the ROC curve by ranks (Mann and Whitney), ties counting half."""
    count, others = int(happened.sum()), int(len(happened) - happened.sum())
    if not count or not others:
        return None
    _, places, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float((ranks[happened == 1].sum() - count * (count + 1) / 2) / (count * others))
