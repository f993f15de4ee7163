"""The arithmetic of shares: intervals, what an experiment can show, and whether its arms have the sizes they should."""

import math
from math import erfc, exp, gamma, log, sqrt
from statistics import NormalDist

_Z = NormalDist()
SAMPLE_RATIO_ALARM, SAMPLE_RATIO_WARNING = 0.001, 0.01


def wilson(successes: int, of: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a share; everything from 0 to 1 where nothing was counted."""
    if of == 0:
        return 0.0, 1.0
    z = _Z.inv_cdf(0.5 + confidence / 2)
    share = successes / of
    middle = share + z * z / (2 * of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def detectable_effect(
    first: int, second: int, baseline: float, *, power: float = 0.8, confidence: float = 0.95
) -> float | None:
    """Return the smallest difference of two shares that arms of these sizes show so surely.

    None without two arms, and where they are so small that no difference would be shown. By the normal
    approximation, with the baseline's variance in both arms.
    """
    if first == 0 or second == 0:
        return None
    z = _Z.inv_cdf(0.5 + confidence / 2) + _Z.inv_cdf(power)
    effect = z * sqrt(baseline * (1 - baseline) * (1 / first + 1 / second))
    return effect if effect <= 1 else None


def lasting_interval(
    first: tuple[int, int], second: tuple[int, int], *, confidence: float = 0.95, tuned_for: int = 400
) -> tuple[float, float]:
    """Return an interval of the first share less the second that holds however often one looks: stop when it leaves 0.

    Shares are (successes, of). The asymptotic confidence sequence of Waudby-Smith et al. (2021, theorem 2.2), narrowest
    after ``tuned_for`` observations; each share's variance has one success and one failure added, for small numbers.
    """
    (x, n), (y, m) = first, second
    if n == 0 or m == 0:
        return -1.0, 1.0
    alpha, total = 1 - confidence, n + m
    rho = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuned_for
    smooth = [(successes + 1) / (of + 2) for successes, of in (first, second)]
    spread = sqrt(total * (smooth[0] * (1 - smooth[0]) / n + smooth[1] * (1 - smooth[1]) / m))
    half = spread * sqrt(2 * (total * rho + 1) / (total * total * rho) * log(sqrt(total * rho + 1) / alpha))
    return max(-1.0, x / n - y / m - half), min(1.0, x / n - y / m + half)


def sample_ratio(counts: dict[str, int], shares: dict[str, float]) -> float:
    """Return the probability of sizes at least as far from their shares, by chi-square; 1 with nothing to compare."""
    total = sum(counts.values())
    expected = {arm: total * share for arm, share in shares.items() if share > 0}
    if total == 0 or len(expected) < 2:
        return 1.0
    statistic = sum((counts.get(arm, 0) - each) ** 2 / each for arm, each in expected.items())
    return chi_square_tail(statistic, len(expected) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Return the upper tail of the chi-square distribution for whole degrees of freedom (a closed form)."""
    half = statistic / 2
    if freedom % 2 == 0:
        return exp(-half) * sum(math.pow(half, k) / gamma(k + 1) for k in range(freedom // 2))
    more = sum(math.pow(half, k - 0.5) / gamma(k + 0.5) for k in range(1, (freedom + 1) // 2))
    return erfc(sqrt(half)) + exp(-half) * more
