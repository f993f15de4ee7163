"""A report's numbers: each metric asked at the report's grain, side by side in one table."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from typing import Any

import polars as pl

from reports.definition import Report
from warehouse.measure import measure

Ask = Callable[[str, Mapping[str, Any]], pl.DataFrame]


def answer(report: Report, ask: Ask, today: date) -> pl.DataFrame:
    """Return one row per value of ``report.by``, sorted by it, and one column per metric, as the layer says.

    ``ask`` runs a query with its bound values on a published copy; ``today`` is the day at the installation.
    """
    since = report.first_day(today)
    frames = []
    for name in report.metrics:
        query, bound = measure(name, by=report.by, since=since, only=report.only)
        frames.append(ask(query, bound).select(*report.by, pl.col("metric_value").alias(name)))
    if not report.by:
        return pl.concat(frames, how="horizontal")
    on = list(report.by)
    return reduce(lambda one, other: one.join(other, on=on, how="full", coalesce=True, nulls_equal=True), frames).sort(
        on
    )
