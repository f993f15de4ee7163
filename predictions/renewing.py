"""Contracts to come: each company leaves at the end of a contract with a chance of its own (beta: a, b).

Fader and Hardie, "How to project customer retention" (2007). Who has renewed often is likelier to renew again; that is
all it learns, and it needs few contracts for it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln

Floats = NDArray[np.float64]
_YEAR = 365.0
_PENALTY = 0.1  # pulls to a = b = 1, where nothing is known
_MOST_RENEWALS = 60


@dataclass(frozen=True)
class Renewing:
    """The chances to leave at the end of a contract, over companies."""

    a: float
    b: float

    def still_there(self, earlier: Floats, renewals: Floats) -> Floats:
        """Return the chance of at least so many renewals more, after ``earlier`` contracts."""
        b = self.b + earlier
        return np.asarray(np.exp(betaln(self.a, b + renewals) - betaln(self.a, b)))

    def chances(self, earlier: Floats, first: Floats) -> Floats:
        """Return the chance of at least 0, 1, 2 … renewals; ``first`` is that of the next one, nan where unknown."""
        renewals = np.arange(_MOST_RENEWALS + 1.0)[None, :]
        own = self.still_there(earlier[:, None], renewals)
        told = first[:, None] * self.still_there(earlier[:, None] + 1, np.maximum(renewals - 1, 0))
        return np.asarray(np.where(np.isnan(first)[:, None] | (renewals == 0), own, told))

    def value(
        self, days: float, annual_value: Floats, days_left: Floats, term_days: Floats, earlier: Floats, first: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return what contracts come to in so many days: expected, and the ends of its 95 % interval.

        Every renewal is for as long and as much as the last contract; ``first`` as in ``chances``.
        """
        renewals = np.arange(_MOST_RENEWALS + 1.0)[None, :]
        chance = self.chances(earlier, first)
        covered = np.minimum(days, days_left[:, None] + renewals * term_days[:, None])
        added = np.diff(covered, axis=1, prepend=0)
        per_day = annual_value / _YEAR
        low, high = (
            np.take_along_axis(covered, np.argmax(_at_most(chance) >= level, axis=1)[:, None], axis=1)[:, 0]
            for level in (0.025, 0.975)
        )
        return per_day * (added * chance).sum(axis=1), per_day * low, per_day * high


def _at_most(chance: Floats) -> Floats:
    """Return the chance of at most 0, 1, 2 … renewals; the last is certain."""
    found = 1 - np.roll(chance, -1, axis=1)
    found[:, -1] = 1.0
    return found


def fit(earlier: Floats, renewed: Floats) -> Renewing:
    """Fit on ends of contracts: how many the company had had before, and whether (1 or 0) another followed."""

    def loss(logs: Floats) -> float:
        a, b = np.exp(logs)
        chance = (b + earlier) / (a + b + earlier)
        told = renewed * np.log(chance) + (1 - renewed) * np.log1p(-chance)
        return float(-told.sum() + _PENALTY * float(logs @ logs))

    a, b = map(float, np.exp(minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-5, 7)] * 2).x))
    return Renewing(a, b)
