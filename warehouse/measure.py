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
        by_unit = {"share": ("numerator", "denominator"), "messages": ("numerator",)}
        return by_unit.get(self.unit, ("metric_value",))


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
    name: str, *, by: Sequence[str] = (), since: date | None = None, only: Mapping[str, str] | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the query of a metric at a grain, and the values to bind to it.

    ``by`` and the keys of ``only`` are columns of the metric's grain; ``since`` is the first day. Rows have the
    columns of ``by``, ``metric_value``, and for a share its ``numerator`` and ``denominator``. Raises PermanentError
    for a metric or column that is not there, and for a coarser grain of what does not add up.
    """
    metrics = read_metrics()
    if name not in metrics:
        raise PermanentError(f"no metric is called {name}: there are {', '.join(metrics)}")
    metric, bound = metrics[name], dict(only or {})
    used = [*by, *bound, *(["metric_date"] if since else [])]
    if unknown := [column for column in used if column not in metric.grain]:
        raise PermanentError(f"{name} is not known by {', '.join(unknown)}: say {', '.join(metric.grain)}")
    if metric.values == ("metric_value",) and set(by) != set(metric.grain):
        raise PermanentError(f"{name} does not add up over {', '.join(metric.grain)}: ask for it by all of these")
    # Names are those of the header, checked above; values are bound.
    conditions = [f"{column} = ${column}" for column in bound]
    if since:
        conditions.append("metric_date >= $since")
    query = "\n".join(
        [
            f"with measured as (\n{metric.sql}\n)",
            f"select {', '.join((*by, *_totals(metric)))} from measured",  # noqa: S608 -- names of ours
            f"where {' and '.join(conditions)}" if conditions else "",
            f"group by {', '.join(by)} order by {', '.join(by)}" if by else "",
        ]
    )
    return query, bound | ({"since": since} if since else {})


def _totals(metric: Metric) -> tuple[str, ...]:
    part, whole = "coalesce(sum(numerator), 0)::bigint", "coalesce(sum(denominator), 0)::bigint"
    if metric.unit == "share":
        share = "sum(numerator) / nullif(sum(denominator), 0) as metric_value"
        return share, f"{part} as numerator", f"{whole} as denominator"
    if metric.values == ("numerator",):
        return (f"{part} as metric_value",)
    return ("any_value(metric_value) as metric_value",)
