"""Purchases to come, from how often and how recently somebody bought: BG/NBD, and Gamma-Gamma for the amounts.

Fader, Hardie and Lee, "Counting Your Customers the Easy Way" (2005) and "The Gamma-Gamma Model of Monetary Value"
(2013). x repeat purchases, the last of them at t_x, observed until T, all in weeks since the first purchase.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

Floats = NDArray[np.float64]
_BOUNDS = (-6.0, 9.0)  # of the logarithms of parameters: beyond them the likelihood is flat
_LEAST_Q = 0.05  # logarithm: with q at 1 or below the mean of all customers' means is endless


@dataclass(frozen=True)
class BgNbd:
    """Purchases come at a customer's own rate (gamma: r, alpha); after each the customer may leave (beta: a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: N803 -- the paper's names
        """Return the chance that a customer has not left by T. Who never came again has had no chance to leave."""
        odds = np.log(self.a / (self.b + np.maximum(x, 1) - 1)) + (self.r + x) * np.log(
            (self.alpha + T) / (self.alpha + t_x)
        )
        return np.asarray(np.where(x > 0, 1 / (1 + np.exp(np.minimum(odds, 700))), 1.0))

    def expected(self, weeks: float, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: N803 -- the paper's names
        """Return the purchases expected in the ``weeks`` after T."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        a += 1e-7 * (abs(a - 1) < 1e-7)  # the formula's limit at 1 is as good as its neighbour
        series = hyp2f1(r + x, b + x, a + b + x - 1, weeks / (alpha + T + weeks))
        share = 1 - ((alpha + T) / (alpha + T + weeks)) ** (r + x) * series
        return np.asarray((a + b + x - 1) / (a - 1) * share * self.alive(x, t_x, T))


@dataclass(frozen=True)
class GammaGamma:
    """A customer's amounts scatter around the customer's own mean, and the means around each other."""

    p: float
    q: float
    v: float
    log_likelihood: float

    def expected(self, x: Floats, mean: Floats) -> Floats:
        """Return a customer's expected mean amount: its own where it bought often, else near everybody's."""
        return np.asarray(self.p * (self.v + x * mean) / (self.p * x + self.q - 1))


def fit_bg_nbd(x: Floats, t_x: Floats, T: Floats, penalty: float = 0.0) -> BgNbd:  # noqa: N803 -- the paper's names
    """Fit by maximum likelihood; ``penalty`` on the squared logarithms keeps few customers from extremes."""
    rows, counts = np.unique(np.column_stack([x, t_x, T]), axis=0, return_counts=True)
    x, t_x, T = rows.T  # noqa: N806 -- the paper's names

    def log_likelihood(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        start = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + T)
        leaves = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + t_x)
        either = np.where(x > 0, np.logaddexp(stays, leaves), stays)
        return float((counts * (start + either)).sum())

    logs = _maximum(log_likelihood, np.array([0.0, np.log(T.mean() + 1), 0.0, 1.0]), [_BOUNDS] * 4, penalty)
    r, alpha, a, b = map(float, np.exp(logs))
    return BgNbd(r, alpha, a, b, log_likelihood(logs))


def fit_gamma_gamma(x: Floats, mean: Floats, penalty: float = 0.0) -> GammaGamma:
    """Fit on the mean of ``x`` amounts of each customer, at least one each: of all its purchases, or its repeats."""
    scale = float(mean.mean())  # amounts of any currency start from the same place
    m = mean / scale

    def log_likelihood(logs: Floats) -> float:
        p, q, v = np.exp(logs)
        each = (
            gammaln(p * x + q)
            - gammaln(p * x)
            - gammaln(q)
            + q * np.log(v)
            + (p * x - 1) * np.log(m)
            + p * x * np.log(x)
            - (p * x + q) * np.log(v + x * m)
        )
        return float(each.sum())

    bounds = [_BOUNDS, (_LEAST_Q, _BOUNDS[1]), _BOUNDS]
    logs = _maximum(log_likelihood, np.array([1.0, 1.0, 0.0]), bounds, penalty)
    p, q, v = map(float, np.exp(logs))
    return GammaGamma(p, q, v * scale, log_likelihood(logs) - len(m) * float(np.log(scale)))


def _maximum(
    log_likelihood: Callable[[Floats], float], start: Floats, bounds: list[tuple[float, float]], penalty: float
) -> Floats:
    found = minimize(
        lambda logs: -log_likelihood(logs) + penalty * float(logs @ logs),
        start,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2000, "ftol": 1e-10, "gtol": 1e-6},
    )
    return np.asarray(found.x, dtype=np.float64)


def simulate(
    purchases: BgNbd,
    amounts: GammaGamma,
    weeks: float,
    *,
    x: Floats,
    t_x: Floats,
    T: Floats,  # noqa: N803 -- the papers' names
    times: Floats,
    mean: Floats,
    draws: int,
    seed: int,
) -> Floats:
    """Draw what each customer may spend in the ``weeks`` after T: one row per customer, one column per draw.

    ``mean`` is of ``times`` amounts: all, or the repeats alone, as ``amounts`` was fitted. Given the parameters this is
    exact: who is alive has a rate and a chance to leave of known distributions.
    """
    random = np.random.default_rng(seed)
    shape = (len(x), draws)

    def column(values: Floats) -> Floats:
        return np.broadcast_to(values[:, None], shape)

    is_alive = random.random(shape) < column(purchases.alive(x, t_x, T))
    rate = random.gamma(column(purchases.r + x), 1 / column(purchases.alpha + T))
    leaves = np.clip(random.beta(purchases.a, column(purchases.b + x)), 1e-12, 1.0)
    # The purchase after which the customer leaves is a purchase still.
    count = np.minimum(random.poisson(rate * weeks), random.geometric(leaves)) * is_alive
    inverse = random.gamma(column(amounts.q + amounts.p * times), 1 / column(amounts.v + times * mean))
    spent = random.gamma(np.maximum(amounts.p * count, 1e-12), 1.0) / inverse
    return np.asarray(np.where(count > 0, spent, 0.0))
