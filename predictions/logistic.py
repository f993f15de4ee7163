"""Ridge logistic regression for few events: strength by cross-validation, calibrated, with an interval for each row.

Rows of one customer belong together: they are left out together in cross-validation, and count together in the
covariance (a sandwich over customers), since ten months of one customer are not ten customers.
"""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STRENGTHS = (0.3, 3.0, 30.0, 300.0)  # of the penalty on standardised coefficients
_FOLDS = 5
_STEPS, _CLOSE = 50, 1e-9
_Z = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True)
class Fitted:
    """What was learnt: ``columns`` of the features used, coefficients on their standardised values, and calibration.

    A probability is ``sigmoid(offset + slope * (intercept + coefficients · standardised))``.
    """

    columns: list[int]
    means: list[float]
    deviations: list[float]
    coefficients: list[float]  # the intercept first
    covariance: list[list[float]]
    offset: float
    slope: float
    strength: float

    def standardised(self, features: Floats) -> Floats:
        """Return the features used, each less its mean and in its deviations."""
        return np.asarray((features[:, self.columns] - np.array(self.means)) / np.array(self.deviations))

    def predict(self, features: Floats) -> tuple[Floats, Floats, Floats]:
        """Return probabilities, and the lower and upper ends of their 95 % intervals."""
        standardised = self.standardised(features)
        linear = self.offset + self.slope * (_with_one(standardised) @ np.array(self.coefficients))
        # How unsure the base rate is does not shrink with a flat slope; how unsure the features are does.
        design = _with_one(self.slope * standardised)
        spread = _Z * np.sqrt(((design @ np.array(self.covariance)) * design).sum(axis=1))
        return sigmoid(linear), sigmoid(linear - spread), sigmoid(linear + spread)

    def contributions(self, features: Floats) -> Floats:
        """Return by how much each feature moves a row's log-odds away from those of the mean row; 0 where unused."""
        found = np.zeros_like(features)
        found[:, self.columns] = self.slope * self.standardised(features) * np.array(self.coefficients[1:])
        return found


def sigmoid(linear: Floats) -> Floats:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + np.exp(-np.clip(linear, -40, 40)))


def fit(features: Floats, happened: Floats, groups: list[str], candidates: list[list[int]]) -> Fitted:
    """Fit on rows of which ``happened`` is 1 or 0, with the set of columns and the strength that predict unseen groups.

    Of ``candidates`` (lists of columns) a later one has to do better than those before it. There must be rows of both
    kinds.
    """
    best: tuple[float, list[int], float, Floats] = (np.inf, [], _STRENGTHS[-1], np.zeros(len(happened)))
    folds = np.array([_fold(group) for group in groups])
    for candidate in candidates:
        columns = [column for column in candidate if features[:, column].std() > 0]
        for strength in reversed(_STRENGTHS):
            linear = _left_out(features[:, columns], happened, folds, strength)
            loss = _loss(linear, happened)
            if loss < best[0] - 1e-6:
                best = loss, columns, strength, linear
    _, columns, strength, left_out = best
    used = features[:, columns]
    means, deviations = used.mean(axis=0), used.std(axis=0)
    design = _with_one((used - means) / deviations)
    coefficients, information = _solve(design, happened, strength)
    offset, slope = _calibration(left_out, happened)
    covariance = _covariance(design, happened, coefficients, information, groups)
    return Fitted(
        columns=columns,
        means=means.tolist(),
        deviations=deviations.tolist(),
        coefficients=coefficients.tolist(),
        covariance=covariance.tolist(),
        offset=offset,
        slope=slope,
        strength=strength,
    )


def _fold(group: str) -> int:
    return int.from_bytes(sha256(group.encode()).digest()[:4], "big") % _FOLDS


def _with_one(features: Floats) -> Floats:
    return np.column_stack([np.ones(len(features)), features])


def _left_out(features: Floats, happened: Floats, folds: NDArray[np.int_], strength: float) -> Floats:
    """Return every row's log-odds by a model that saw no row of its fold."""
    linear = np.zeros(len(happened))
    for fold in range(_FOLDS):
        out = folds == fold
        seen, known = features[~out], happened[~out]
        if not out.any() or not 0 < known.sum() < len(known):
            linear[out] = _log_odds(happened)
            continue
        means, deviations = seen.mean(axis=0), seen.std(axis=0)
        deviations[deviations == 0] = 1.0
        coefficients, _ = _solve(_with_one((seen - means) / deviations), known, strength)
        linear[out] = _with_one((features[out] - means) / deviations) @ coefficients
    return linear


def _solve(design: Floats, happened: Floats, strength: float) -> tuple[Floats, Floats]:
    """Return coefficients and the penalised information by Newton's method; the intercept is not penalised."""
    penalty = np.full(design.shape[1], strength)
    penalty[0] = 1e-6
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = _log_odds(happened)
    for _ in range(_STEPS):
        expected = sigmoid(design @ coefficients)
        information = (design.T * (expected * (1 - expected))) @ design + np.diag(penalty)
        step = np.linalg.solve(information, design.T @ (happened - expected) - penalty * coefficients)
        coefficients = coefficients + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < _CLOSE:
            break
    return coefficients, information


def _log_odds(happened: Floats) -> float:
    share = (happened.sum() + 0.5) / (len(happened) + 1.0)
    return float(np.log(share / (1 - share)))


def _loss(linear: Floats, happened: Floats) -> float:
    return float(np.mean(np.logaddexp(0, linear) - happened * linear))


def _covariance(
    design: Floats, happened: Floats, coefficients: Floats, information: Floats, groups: list[str]
) -> Floats:
    """Return the larger, value by value on the diagonal, of the model's own covariance and the sandwich over groups."""
    inverse = np.linalg.inv(information)
    _, places = np.unique(groups, return_inverse=True)
    scores = np.zeros((places.max() + 1, design.shape[1]))
    np.add.at(scores, places, design * (happened - sigmoid(design @ coefficients))[:, None])
    count = len(scores)
    sandwich = inverse @ (scores.T @ scores) @ inverse * count / max(count - 1, 1)
    return np.asarray(sandwich if np.trace(sandwich) > np.trace(inverse) else inverse)


def _calibration(linear: Floats, happened: Floats) -> tuple[float, float]:
    """Return Platt's offset and slope for log-odds of left-out rows, pulled to none by a weak prior."""
    offset, slope = 0.0, 1.0
    for _ in range(_STEPS):
        expected = sigmoid(offset + slope * linear)
        weight = expected * (1 - expected)
        design = np.column_stack([np.ones_like(linear), linear])
        information = (design.T * weight) @ design + np.diag([1.0, 4.0])
        gradient = design.T @ (happened - expected) - np.array([1.0, 4.0]) * np.array([offset, slope - 1.0])
        step = np.linalg.solve(information, gradient)
        offset, slope = offset + step[0], slope + step[1]
        if np.abs(step).max() < _CLOSE:
            break
    return (float(offset), float(slope)) if slope > 0 else (_log_odds(happened), 0.0)
