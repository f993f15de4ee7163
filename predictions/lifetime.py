"""Lifetime value: what each company may be worth to us in the next three years, each currency for itself.

Of who holds a contract: what it comes to until its end, and its renewals. Of who holds none but has paid: purchases.
Half a year is kept back to see whether as much came as had been expected.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from predictions import renewing
from predictions.model import Model, ask, version
from predictions.purchasing import BgNbd, Floats, GammaGamma, fit_bg_nbd, fit_gamma_gamma, simulate
from predictions.renewing import Renewing

MODEL_ID = "lifetime_value"
HORIZON = 1095  # days
_WINDOW = timedelta(days=182)
_LEAST_ENDS = 10  # of contracts, renewed and not
_LEAST_COMPANIES, _LEAST_REPEATERS = 30, 15
_PENALTY = 0.01
_DRAWS, _SEED = 1000, 20_050_405
_INTERVAL = (2.5, 97.5)
_OFF = 0.1  # a forecast further off than a tenth of what came is said to be off
_KEYS = ("company_id", "currency")


def fit(connection: Any, now: datetime) -> Model:
    """Fit renewals over all currencies, purchases in each, on what is known at ``now``."""
    ends, rows = ask(connection, "renewals", now=now), ask(connection, "purchases", now=now)
    renewals = _fit_renewals(ends)
    purchases = {currency: found for currency, group in _by_currency(rows) if (found := _fit_purchases(group))}
    return Model(
        model_id=MODEL_ID,
        model_version=version(MODEL_ID, pl.concat([ends, rows], how="diagonal")),
        state="fitted" if renewals or purchases else "not_enough_history",
        fitted_at=now,
        fitted_until=now,
        rows=len(ends) + len(rows),
        events=int(ends["renewed"].sum()) + int(rows["repeats"].sum()),
        parameters={"renewals": asdict(renewals) if renewals else None, "purchases": purchases},
        figures=_figures(connection, now),
    )


def score(connection: Any, model: Model, now: datetime) -> pl.DataFrame:
    """Return a row of ``raw.predictions__lifetime_values`` per company and currency of a contract or a purchase.

    Whether a contract that ends soon is renewed is what churn scored at the same moment, where it did.
    """
    held, rows = ask(connection, "contracts_held", now=now), ask(connection, "purchases", now=now)
    held = held.join(ask(connection, "churn_now", now=now), on="company_id", how="left")
    paid = rows.select(
        *_KEYS, pl.col("purchases").cast(pl.Int64).alias("purchase_count"), pl.col("amount").alias("paid_amount")
    )
    free = rows.join(held, on=_KEYS, how="anti")
    parts = [_of_contracts(held, model.parameters["renewals"])]
    parts += [_of_purchases(group, model.parameters["purchases"].get(name)) for name, group in _by_currency(free)]
    return (
        pl.concat(parts)
        .join(paid, on=_KEYS, how="left")
        .with_columns(
            pl.col("purchase_count", "paid_amount").fill_null(0),
            pl.lit(HORIZON, dtype=pl.Int32).alias("horizon_days"),
            pl.lit(model.model_version).alias("model_version"),
            pl.lit(now).alias("scored_at"),
        )
        .sort(*_KEYS)
    )


def _by_currency(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(currency), group) for (currency,), group in rows.group_by("currency", maintain_order=True)]


def _column(rows: pl.DataFrame, name: str) -> Floats:
    return rows[name].cast(pl.Float64).to_numpy()


def _fit_renewals(ends: pl.DataFrame) -> Renewing | None:
    """Fit, or None when too few contracts were renewed or were not."""
    renewed = int(ends["renewed"].sum())
    if min(renewed, len(ends) - renewed) < _LEAST_ENDS:
        return None
    return renewing.fit(_column(ends, "earlier"), _column(ends, "renewed"))


def _fit_purchases(rows: pl.DataFrame) -> dict[str, Any] | None:
    """Fit one currency, or None when too few companies bought, or bought again."""
    if len(rows) < _LEAST_COMPANIES or len(rows.filter(pl.col("repeats") > 0)) < _LEAST_REPEATERS:
        return None
    x, t_x, weeks = (_column(rows, name) for name in ("repeats", "last_week", "weeks"))
    amounts = fit_gamma_gamma(_column(rows, "purchases"), _column(rows, "mean_amount"), penalty=_PENALTY)
    return {"purchases": asdict(fit_bg_nbd(x, t_x, weeks, penalty=_PENALTY)), "amounts": asdict(amounts)}


def _of_contracts(held: pl.DataFrame, parameters: dict[str, float] | None) -> pl.DataFrame:
    values = None if parameters is None else _contract_values(Renewing(**parameters), held, HORIZON)
    return _scored(held, "contracts", values)


def _contract_values(model: Renewing, held: pl.DataFrame, days: float) -> tuple[Floats, Floats, Floats]:
    annual, left, term, earlier = (
        _column(held, name) for name in ("annual_value", "days_left", "term_days", "earlier")
    )
    scores = _column(held, "churn_score") if "churn_score" in held.columns else np.full(len(held), np.nan)
    return model.value(days, annual, left, term, earlier, 1 - scores)


def _of_purchases(rows: pl.DataFrame, parameters: dict[str, Any] | None) -> pl.DataFrame:
    if parameters is None:
        return _scored(rows, "purchases", None)
    bought, amounts = BgNbd(**parameters["purchases"]), GammaGamma(**parameters["amounts"])
    x, t_x, weeks = (_column(rows, name) for name in ("repeats", "last_week", "weeks"))
    times, mean = _column(rows, "purchases"), _column(rows, "mean_amount")
    drawn = simulate(
        bought, amounts, HORIZON / 7, x=x, t_x=t_x, T=weeks, times=times, mean=mean, draws=_DRAWS, seed=_SEED
    )
    low, high = np.percentile(drawn, _INTERVAL, axis=1)
    expected = bought.expected(HORIZON / 7, x, t_x, weeks) * amounts.expected(times, mean)
    return _scored(rows, "purchases", (expected, low, high))


def _scored(rows: pl.DataFrame, basis: str, values: tuple[Floats, Floats, Floats] | None) -> pl.DataFrame:
    names = ("score", "score_low", "score_high")
    columns = (
        [pl.lit(None, dtype=pl.Float64).alias(name) for name in names]
        if values is None
        else [pl.Series(name, each, dtype=pl.Float64).round(2) for name, each in zip(names, values, strict=True)]
    )
    state = "not_enough_history" if values is None else "scored"
    return rows.select(*_KEYS, pl.lit(basis).alias("basis"), pl.lit(state).alias("state")).with_columns(*columns)


def _figures(connection: Any, now: datetime) -> dict[str, Any]:
    """Say for each currency what contracts were expected to come to in the last half year, and what they came to."""
    since = now - _WINDOW
    fitted = _fit_renewals(ask(connection, "renewals", now=since))
    if fitted is None:
        return {}
    held = ask(connection, "contracts_held", now=since)
    kept = ask(connection, "contracts_kept", since=since, until=now).join(held, on=_KEYS, how="semi")
    figures = {}
    for currency, group in _by_currency(held):
        predicted = float(_contract_values(fitted, group, _WINDOW.days)[0].sum())
        happened = float(kept.filter(pl.col("currency") == currency)["amount"].sum())
        is_off = abs(predicted - happened) > _OFF * happened
        figures[currency] = {
            "window_from": since.isoformat(),
            "window_until": now.isoformat(),
            "predicted": predicted,
            "happened": happened,
            "verdict": ("too_high" if predicted > happened else "too_low") if is_off else "agrees",
        }
    return figures
