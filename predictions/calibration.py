"""How well probabilities came true: figures of a past window in which the model had seen nothing."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

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
    """Compare probabilities with what happened (1 or 0); bins hold equally many rows each."""
    rows, count = len(happened), int(happened.sum())
    predicted = float(probabilities.sum())
    variance = float((probabilities * (1 - probabilities)).sum())
    distance = max(0.0, abs(count - predicted) - 0.5) / np.sqrt(max(variance, 1e-12))
    parts = np.array_split(np.argsort(probabilities, kind="stable"), min(bins, rows))
    found = [Bin(len(part), float(probabilities[part].mean()), int(happened[part].sum())) for part in parts]
    share = count / rows
    return Figures(
        rows=rows,
        predicted=predicted,
        happened=count,
        p_value=float(2 * norm.sf(distance)),
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
    ranks = rankdata(probabilities)
    return float((ranks[happened == 1].sum() - count * (count + 1) / 2) / (count * others))
