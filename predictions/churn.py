"""Churn: the chance that a company with a contract in force has none 120 days later, and what speaks for it.

Fitted on every month whose 120 days are over. How good that is, is asked of the last such month by a model that knew
only what was over when it began.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from predictions.calibration import judge
from predictions.logistic import Fitted, Floats
from predictions.logistic import fit as fit_logistic
from predictions.model import Model, ask, version

MODEL_ID = "churn"
HORIZON = 120  # days: contracts end within 90, renewal papers take up to 30 more
FEATURES = (
    *("ends_soon", "urgency", "follower", "renewals", "tenure", "multi_year", "size"),
    *("late_invoices", "tickets", "reactions"),
)
_CONTRACT_ONLY = ("ends_soon", "urgency", "follower")  # what the contract's end says alone: the rest must do better
_ENOUGH_FOR_ALL = 5 * len(FEATURES)  # companies that left; fewer teach chance
_MONTH = timedelta(days=30)
_MONTHS = 24
_WITHIN_HORIZON = HORIZON // _MONTH.days  # months of which a model of the window's first day could not know the end
_LEAST_COMPANIES = 10  # that left, and that stayed, before anything is said
_LEAST_TOLD = 0.1  # log-odds: what a feature moves less than this is no reason
_MOST_REASONS = 3
_NO_REASON = {
    "ends_soon_low",
    "follower_low",
    "follower_high",
}  # chance may make them look like one; nobody would believe it
_KEYS = ("as_of", "company_id")


def fit(connection: Any, now: datetime) -> Model:
    """Fit on what is known at ``now``."""
    began = now - timedelta(days=HORIZON)
    rows = _past(connection, began, now)
    lately = rows.filter(pl.col("as_of") > began - _MONTHS * _MONTH)
    fitted = _fit(lately)
    return Model(
        model_id=MODEL_ID,
        model_version=version(MODEL_ID, rows),
        state="fitted" if fitted else "not_enough_history",
        fitted_at=now,
        fitted_until=now,
        rows=len(lately),
        events=_companies(lately.filter(pl.col("left") == 1)),
        parameters=asdict(fitted) if fitted else {},
        figures=_figures(rows, began),
    )


def score(connection: Any, model: Model, now: datetime) -> pl.DataFrame:
    """Return a row of ``raw.predictions__churn_scores`` for every company with a contract in force at ``now``."""
    rows = ask(connection, "churn", moments=[now], horizon=HORIZON)
    found = rows.select("company_id")
    if model.state == "fitted" and len(rows):
        fitted = Fitted(**model.parameters)
        features = _matrix(rows)
        middle, low, high = fitted.predict(features)
        told = _reasons(fitted, features)
        found = found.with_columns(
            pl.Series("score", middle), pl.Series("score_low", low), pl.Series("score_high", high), told
        )
    else:
        nothing = pl.lit(None, dtype=pl.Float64)
        found = found.with_columns(
            *(nothing.alias(name) for name in ("score", "score_low", "score_high")),
            pl.lit([], dtype=pl.List(pl.String)).alias("reasons"),
        )
    state = "scored" if model.state == "fitted" else model.state
    return found.with_columns(
        pl.lit(state).alias("state"),
        pl.lit(HORIZON, dtype=pl.Int32).alias("horizon_days"),
        pl.lit(model.model_version).alias("model_version"),
        pl.lit(now).alias("scored_at"),
    )


def _past(connection: Any, newest: datetime, now: datetime) -> pl.DataFrame:
    """Return the features of the months up to ``newest``, and whether each company had left by the horizon's end."""
    moments = [newest - _MONTH * number for number in reversed(range(_MONTHS + _WITHIN_HORIZON))]
    known = ask(connection, "churn", moments=moments, horizon=HORIZON)
    stayed = ask(connection, "churn_outcomes", moments=moments, horizon=HORIZON, now=now)
    return (
        known.join(stayed.with_columns(pl.lit(0.0).alias("left")), on=_KEYS, how="left")
        .with_columns(pl.col("left").fill_null(1.0))
        .sort(*_KEYS)
    )


def _matrix(rows: pl.DataFrame) -> Floats:
    return rows.select(FEATURES).cast(pl.Float64).to_numpy()


def _companies(rows: pl.DataFrame) -> int:
    return rows["company_id"].n_unique()


def _fit(rows: pl.DataFrame) -> Fitted | None:
    """Fit, or None when too few companies left or stayed."""
    left, stayed = (_companies(rows.filter(pl.col("left") == each)) for each in (1.0, 0.0))
    if min(left, stayed) < _LEAST_COMPANIES:
        return None
    sets = (_CONTRACT_ONLY, FEATURES) if left >= _ENOUGH_FOR_ALL else (_CONTRACT_ONLY,)
    candidates = [[FEATURES.index(name) for name in names] for names in sets]
    return fit_logistic(_matrix(rows), rows["left"].to_numpy(), rows["company_id"].to_list(), candidates)


def _figures(rows: pl.DataFrame, began: datetime) -> dict[str, Any]:
    """Judge the newest month by what was over when it began; empty when that was too little to fit on."""
    window = rows.filter(pl.col("as_of") == began)
    fitted = _fit(rows.filter(pl.col("as_of") <= began - timedelta(days=HORIZON)))
    if fitted is None or window.is_empty():
        return {}
    middle, _, _ = fitted.predict(_matrix(window))
    figures = judge(middle, window["left"].to_numpy())
    return {
        "window_from": began.isoformat(),
        "window_until": (began + timedelta(days=HORIZON)).isoformat(),
        "verdict": figures.verdict,
        **asdict(figures),
    }


def _reasons(fitted: Fitted, features: Floats) -> pl.Series:
    """Name each row's features that raise its risk most, ``<feature>_high`` or ``_low`` as the value is."""
    moved = fitted.contributions(features)
    end, urgency = FEATURES.index("ends_soon"), FEATURES.index("urgency")
    moved[:, end] += moved[:, urgency]  # two shapes of one fact
    moved[:, urgency] = 0
    means = np.zeros(features.shape[1])
    means[fitted.columns] = fitted.means
    named = [
        [f"{name}_{'high' if value > mean else 'low'}" for name, value, mean in zip(FEATURES, row, means, strict=True)]
        for row in features
    ]
    names = [
        [
            row[column]
            for column in np.argsort(-told, kind="stable")[:_MOST_REASONS]
            if told[column] >= _LEAST_TOLD and row[column] not in _NO_REASON
        ]
        for row, told in zip(named, moved, strict=True)
    ]
    return pl.Series("reasons", names, dtype=pl.List(pl.String))
