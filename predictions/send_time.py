"""Send time: the hour and the weekday at which each contact most likely reacts, within the hours in which we may send.

A contact's own reactions, pulled to those of the colleagues and of everybody. Reactions follow sends, so an hour at
which nothing was ever sent looks worse than it is.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from predictions import habits
from predictions.habits import Floats, Habits, Ints
from predictions.model import Model, ask, version

MODEL_ID = "send_time"
_HOURS = np.arange(9, 17)  # the policy's: Monday to Friday, 09 to 17 at the person's place
_DAYS = np.arange(5)
_LEAST_REACTIONS, _LEAST_CONTACTS = 100, 20


def fit(connection: Any, now: datetime) -> Model:
    """Fit on the reactions of the year before ``now``."""
    rows = ask(connection, "reactions", now=now)
    reactions, contacts = int(rows["reactions"].sum()), rows["contact_id"].n_unique()
    is_enough = reactions >= _LEAST_REACTIONS and contacts >= _LEAST_CONTACTS
    parameters, figures = {}, {}
    if is_enough:
        hours, days, groups = _counted(rows, rows.select("contact_id", "company_id").unique(maintain_order=True))
        hour, day = habits.fit(hours, groups, habits.KERNEL), habits.fit(days, groups, habits.NO_KERNEL)
        parameters = {"hour": asdict(hour), "weekday": asdict(day)}
        uniform = {"hour": -float(np.log(24)), "weekday": -float(np.log(7))}
        figures = {"log_score": {"hour": hour.log_score, "weekday": day.log_score}, "log_score_uniform": uniform}
    return Model(
        model_id=MODEL_ID,
        model_version=version(MODEL_ID, rows),
        state="fitted" if is_enough else "not_enough_history",
        fitted_at=now,
        fitted_until=now,
        rows=contacts,
        events=reactions,
        parameters=parameters,
        figures=figures,
    )


def score(connection: Any, model: Model, now: datetime) -> pl.DataFrame:
    """Return a row of ``raw.predictions__send_time_scores`` for every active contact."""
    contacts = ask(connection, "contacts")
    rows = ask(connection, "reactions", now=now).join(contacts, on="contact_id", how="semi")
    hours, days, groups = _counted(rows, contacts)
    own, others = hours.sum(axis=1), habits.colleagues(hours, groups).sum(axis=1)
    found = contacts.select("contact_id", "company_id").with_columns(
        pl.Series("evidence_count", own, dtype=pl.Int64),
        pl.Series("basis", np.select([own > 0, others > 0], ["contact", "company"], "everybody"), dtype=pl.String),
        pl.lit("scored" if model.state == "fitted" else model.state).alias("state"),
        pl.lit(model.model_version).alias("model_version"),
        pl.lit(now).alias("scored_at"),
    )
    if model.state != "fitted":
        nothing = (pl.lit(None, dtype=pl.Float64).alias(name) for name in ("score", "score_low", "score_high"))
        no_time = (pl.lit(None, dtype=pl.Int32).alias(name) for name in ("best_hour", "best_weekday"))
        return found.with_columns(*nothing, *no_time)
    best_hour, share, low, high = _best(_habits(model.parameters["hour"]), hours, groups, _HOURS)
    best_day, *_ = _best(_habits(model.parameters["weekday"]), days, groups, _DAYS)
    return found.with_columns(
        pl.Series("best_hour", best_hour, dtype=pl.Int32),
        pl.Series("best_weekday", best_day + 1, dtype=pl.Int32),
        pl.Series("score", share),
        pl.Series("score_low", low),
        pl.Series("score_high", high),
    )


def _habits(parameters: dict[str, Any]) -> Habits:
    return Habits(**{**parameters, "kernel": tuple(parameters["kernel"])})


def _counted(rows: pl.DataFrame, contacts: pl.DataFrame) -> tuple[Floats, Floats, Ints]:
    """Return reactions by hour and by weekday, one row per contact, and the number of each contact's company."""
    places = {contact: place for place, contact in enumerate(contacts["contact_id"])}
    hours, days = np.zeros((len(places), 24)), np.zeros((len(places), 7))
    of = np.array([places[contact] for contact in rows["contact_id"]], dtype=np.int64)
    counts = rows["reactions"].cast(pl.Float64).to_numpy()
    np.add.at(hours, (of, rows["hour_of_day"].to_numpy()), counts)
    np.add.at(days, (of, rows["weekday"].to_numpy() - 1), counts)
    _, groups = np.unique(contacts["company_id"].to_numpy().astype(str), return_inverse=True)
    return hours, days, groups.astype(np.int64)


def _best(found: Habits, counts: Floats, groups: Ints, allowed: Ints) -> tuple[Ints, Floats, Floats, Floats]:
    """Return the best of the allowed bins, its share and the ends of its interval."""
    weights = found.weights(counts, habits.colleagues(counts, groups))
    best = allowed[np.argmax(weights[:, allowed], axis=1)]
    return best, *habits.interval(weights, best)
