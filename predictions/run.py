"""One run: each model is fitted where it is time, then everything is scored and written to ``raw``."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import polars as pl

from predictions import churn, lifetime, send_time
from predictions.model import Model, keep, newest, write

MODELS: dict[ModuleType, str] = {
    churn: "predictions__churn_scores",
    lifetime: "predictions__lifetime_values",
    send_time: "predictions__send_time_scores",
}
_REFIT_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Predicted:
    """What a run came to: a model, whether it was fitted now, and how many rows it scored (of these with a number)."""

    model: Model
    is_new: bool
    rows: int
    scored: int


def predict(connection: Any, now: datetime, *, refit: bool = False) -> list[Predicted]:
    """Score as of ``now``; a model older than a week, or of other code, is fitted first. ``refit`` fits all.

    Reads the marts of ``tables.READS`` as they stand: build them before.
    """
    done = []
    for module, table in MODELS.items():
        model = None if refit else newest(connection, module.MODEL_ID, now)
        is_new = model is None or now - model.fitted_at >= _REFIT_AFTER
        if model is None or is_new:
            model = module.fit(connection, now)
            keep(connection, model)
        rows = module.score(connection, model, now)
        write(connection, table, now, rows)
        done.append(Predicted(model, is_new, len(rows), len(rows.filter(pl.col("state") == "scored"))))
    return done
