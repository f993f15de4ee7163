"""What a question's ``-- metrics:`` lines promise, and what the metric layer says for the same grain and slice.

``-- metrics: contacts = decided, sent | by metric_date as day, channel | status: failed expired``: the column
``contacts`` is the metric ``decided``, ``sent`` is ``sent``, for each day and channel, of these two states.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dashboard
from warehouse.measure import measure

QUERIES = Path(dashboard.__file__).parent / "queries"
_LINE = re.compile(r"^-- metrics: (.+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\w+)")
_SLICES = ("campaign_id", "run_id", "channel", "segment_id")
Rows = list[dict[str, Any]]
Totals = dict[tuple[Any, ...], Decimal]


@dataclass(frozen=True)
class Promise:
    """Columns that are metrics; several metrics of one column are added up."""

    columns: dict[str, tuple[str, ...]]
    by: dict[str, str]  # the metric's column → the question's
    only: dict[str, tuple[str, ...]]

    def layer_says(self, connection: Any, column: str, bound: Mapping[str, Any]) -> Totals:
        """Ask the metric layer for a column, as the question was asked."""
        only = {key: value for key, value in bound.items() if key in _SLICES and value}
        since, until = bound.get("first", bound.get("day")), bound.get("last", bound.get("day"))
        if "days" in bound:
            since = datetime.now(ZoneInfo("Asia/Bangkok")).date() - timedelta(days=bound["days"] - 1)
        only_of = {**self.only, **({"campaign_id": tuple(chosen)} if (chosen := bound.get("campaign_ids")) else {})}
        found: Totals = {}
        for metric in self.columns[column]:
            by = (*self.by, *(each for each in only_of if each not in self.by))
            query, values = measure(metric, by=by, only=only, since=since, until=until)
            for row in rows(connection, query, values):
                if all(row[key] in allowed for key, allowed in only_of.items()):
                    _add(found, tuple(row[each] for each in self.by), row["metric_value"])
        return found

    def said(self, shown: Rows, column: str) -> Totals:
        """Add up what a question, or the page that shows it, says."""
        found: Totals = {}
        for row in shown:
            _add(found, tuple(row[each] for each in self.by.values()), row[column])
        return found


def promises(question: str) -> list[Promise]:
    """Read the promises in a question's header."""
    return [_read(line) for line in _LINE.findall((QUERIES / f"{question}.sql").read_text())]


def rows(connection: Any, query: str, bound: Mapping[str, Any] | None) -> Rows:
    """Run a query and return its rows by name."""
    found = connection.execute(query, dict(bound or {}) or None)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def asked(connection: Any, question: str, bound: Mapping[str, Any]) -> Rows:
    """Ask a question with those of the values that it takes."""
    sql = (QUERIES / f"{question}.sql").read_text()
    return rows(connection, sql, taken(question, bound))


def taken(question: str, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the values that a question takes."""
    return {name: bound[name] for name in _PARAMETER.findall((QUERIES / f"{question}.sql").read_text())}


def slices(connection: Any, question: str, days: list[date]) -> Iterator[dict[str, Any]]:
    """Yield every slice of which a question can be asked: campaigns and their runs, periods, days."""
    sql = (QUERIES / f"{question}.sql").read_text()
    runs = rows(connection, "select distinct campaign_id, run_id from marts.campaign_results", None)
    campaigns = sorted({row["campaign_id"] for row in runs})
    base: list[dict[str, Any]] = [{}]
    if "$campaign_id " in sql or "$campaign_id\n" in sql:
        base = [{"campaign_id": each, "run_id": ""} for each in campaigns]
        base += [dict(row) for row in runs] if "$run_id" in sql else []
    elif "$campaign_ids" in sql:
        base = [{"campaign_ids": campaigns}]
    elif "$segment_id" in sql:
        known = rows(connection, "select distinct segment_id from marts.segment_memberships", None)
        base = [dict(row) for row in known]
    if "$days" in sql:
        base = [
            {**each, "days": 30, "channel": channel}
            for each in base
            for channel in (("", "email") if "$channel" in sql else ("",))
        ]
    for each in base:
        if "$day" in sql and "$days" not in sql:
            yield from ({**each, "day": day} for day in days)
        elif "$first" in sql:
            until = {"last": days[-1]} if "$last" in sql else {}
            yield from ({**each, "first": first, **until} for first in (days[0], days[len(days) // 2]))
        else:
            yield each


def _add(totals: Totals, key: tuple[Any, ...], value: Any) -> None:
    if value is not None and value == value and value != 0:
        totals[key] = totals.get(key, Decimal(0)) + round(Decimal(str(value)), 6)


def _read(line: str) -> Promise:
    named, by, *only = (part.strip() for part in line.split("|"))
    columns = {}
    for part in named.split(", "):
        column, _, metrics = part.partition(" = ")
        columns[column] = tuple((metrics or column).split(" + "))
    grain = dict((each.split(" as ") * 2)[:2] for each in by.removeprefix("by").strip().split(", ") if each)
    kept = dict(each.split(": ") for each in only)
    return Promise(columns, grain, {key: tuple(values.split()) for key, values in kept.items()})
