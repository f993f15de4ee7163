"""One definition per metric, asked at whatever grain: the dashboard, ``bma metric`` and analysts get the same number.

A file in ``metrics/`` counts at its finest grain; a coarser one sums numerators and denominators and divides last,
since shares do not add up.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import PermanentError

METRICS = Path(__file__).parent / "metrics"
_COUNTED = frozenset({"messages", "contacts", "events", "conversations"})
# Longer spans of days, each named by its first day.
_SPANS = {
    "metric_week": "date_trunc('week', metric_date)::date",
    "metric_month": "date_trunc('month', metric_date)::date",
}
_FACT = re.compile(r"^-- (description|grain|unit|numerator|denominator): (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One file: what is counted, per what, and for a share of what."""

    name: str
    description: str
    grain: tuple[str, ...]
    unit: str
    numerator: str | None
    denominator: str | None
    sql: str

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that the file's query must return after those of its grain."""
        if self.unit == "share":
            return ("numerator", "denominator")
        return ("numerator",) if self.unit in _COUNTED or self.unit == "amount" else ("metric_value",)

    @property
    def adds_up(self) -> bool:
        """Whether a coarser grain is a sum, or a share of sums."""
        return self.values != ("metric_value",)

    @property
    def known_by(self) -> tuple[str, ...]:
        """The columns it may be asked by: its grain, and of days that add up their weeks and months."""
        return self.grain + (tuple(_SPANS) if self.adds_up and "metric_date" in self.grain else ())


def read_metric(path: Path) -> Metric:
    """Read one file. Raises PermanentError when its header lacks what its unit needs."""
    text = path.read_text()
    facts = dict(_FACT.findall(text))
    needed = ["description", "grain", "unit"]
    if facts.get("unit") == "share":
        needed += ["numerator", "denominator"]
    if missing := [name for name in needed if name not in facts]:
        raise PermanentError(f"{path.name}: its header has no line for {', '.join(missing)}")
    return Metric(
        name=path.stem,
        description=facts["description"],
        grain=tuple(column.strip() for column in facts["grain"].split(",")),
        unit=facts["unit"],
        numerator=facts.get("numerator"),
        denominator=facts.get("denominator"),
        sql=text,
    )


@cache
def read_metrics() -> dict[str, Metric]:
    """Return every metric by its name, in the order of names."""
    return {path.stem: read_metric(path) for path in sorted(METRICS.glob("*.sql"))}


def measure(
    name: str,
    *,
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    only: Mapping[str, str] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Return the query of a metric at a grain, and the values to bind to it.

    ``by`` are columns that it is known by, the keys of ``only`` of its grain; ``since`` is the first day, ``until`` the
    last one. Rows have the columns of ``by``, ``metric_value``, and for a share its ``numerator`` and ``denominator``.
    Raises PermanentError for a metric or column that is not there, for a coarser grain of what does not add up, and
    for amounts of several currencies.
    """
    metrics = read_metrics()
    if name not in metrics:
        raise PermanentError(f"no metric is called {name}: there are {', '.join(metrics)}")
    metric, bound = metrics[name], dict(only or {})
    _refuse(metric, by, [*bound, *(["metric_date"] if since or until else [])])
    # Names are those of the header, checked above; values are bound.
    conditions = [f"{column} = ${column}" for column in bound]
    conditions += [f"metric_date {sign} ${key}" for key, sign, day in _edges(since, until) if day]
    spans = [f"{_SPANS[column]} as {column}" for column in by if column in _SPANS]
    query = "\n".join(
        [
            f"with measured as (\n{metric.sql}\n)",
            f"select {', '.join((*by, *_totals(metric)))} from",
            f"(select {', '.join(('*', *spans))} from measured) as measured" if spans else "measured",  # noqa: S608 -- as above
            f"where {' and '.join(conditions)}" if conditions else "",
            f"group by {', '.join(by)} order by {', '.join(by)}" if by else "",
        ]
    )
    return query, bound | {key: day for key, _, day in _edges(since, until) if day}


def _edges(since: date | None, until: date | None) -> tuple[tuple[str, str, date | None], ...]:
    return ("since", ">=", since), ("until", "<=", until)


def _refuse(metric: Metric, by: Sequence[str], filtered: Sequence[str]) -> None:
    unknown = [column for column in by if column not in metric.known_by]
    unknown += [column for column in filtered if column not in metric.grain]
    if unknown:
        raise PermanentError(f"{metric.name} is not known by {', '.join(unknown)}: say {', '.join(metric.known_by)}")
    if not metric.adds_up and set(by) != set(metric.grain):
        raise PermanentError(
            f"{metric.name} does not add up over {', '.join(metric.grain)}: ask for it by all of these"
        )
    if metric.unit == "amount" and "currency" not in {*by, *filtered}:
        raise PermanentError(f"{metric.name} is in several currencies, which are never added: ask for it by currency")


def _totals(metric: Metric) -> tuple[str, ...]:
    part, whole = "coalesce(sum(numerator), 0)::bigint", "coalesce(sum(denominator), 0)::bigint"
    if metric.unit == "share":
        share = "sum(numerator) / nullif(sum(denominator), 0) as metric_value"
        return share, f"{part} as numerator", f"{whole} as denominator"
    if metric.unit == "amount":
        return ("sum(numerator) as metric_value",)
    if metric.adds_up:
        return (f"{part} as metric_value",)
    return ("any_value(metric_value) as metric_value",)
