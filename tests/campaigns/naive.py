"""A second reading of rule trees, in plain Python over plain rows: slow, and written from docs/segments.md alone."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

Rows = list[dict[str, Any]]
_COMPARE = {
    "is": lambda x, v: x == v,
    "above": lambda x, v: x > v,
    "at_least": lambda x, v: x >= v,
    "below": lambda x, v: x < v,
    "at_most": lambda x, v: x <= v,
    "between": lambda x, v: v[0] <= x <= v[1],
    "before": lambda x, v: x < v,
    "after": lambda x, v: x > v,
    "in": lambda x, v: x in v,
    "contains": lambda x, v: v.lower() in x.lower(),
    "starts_with": lambda x, v: x.lower().startswith(v.lower()),
    "includes": lambda x, v: v in x,
}
_OPPOSITE = {"is_not": "is", "not_in": "in", "excludes": "includes"}


class Town:
    """Rows by table name, and the moment asked about."""

    def __init__(self, tables: Mapping[str, Rows], now: datetime, others: Mapping[str, dict[str, Any]]) -> None:
        self.tables, self.now, self.others = tables, now, others
        self.today = (now + timedelta(hours=7)).date()

    def members(self, definition: dict[str, Any]) -> set[tuple[str, str]]:
        """Return contact and subject of every member."""
        found = set()
        for contact in self.tables["contacts"]:
            if not contact["is_active"]:
                continue
            for subject_id, fits in self.subjects(definition, contact):
                if fits and self.holds(definition["where"], contact):
                    found.add((contact["contact_id"], subject_id))
        return found

    def subjects(self, definition: dict[str, Any], contact: dict[str, Any]) -> list[tuple[str, bool]]:
        if "subject" not in definition:
            return [(contact["contact_id"], True)]
        of, where = definition["subject"]["of"], definition["subject"]["where"]
        rows = [row for row in self.tables[f"{of}s"] if row["company_id"] == contact["company_id"]]
        return [(row[f"{of}_id"], self.row_holds(where, row)) for row in rows if not row["is_deleted"]]

    def holds(self, node: dict[str, Any], contact: dict[str, Any]) -> bool:
        if "all" in node:
            return all(self.holds(part, contact) for part in node["all"])
        if "any" in node:
            return any(self.holds(part, contact) for part in node["any"])
        if "not" in node:
            return not self.holds(node["not"], contact)
        if "field" in node:
            owner, _, name = node["field"].partition(".")
            row = contact if owner == "contact" else self.company_of(contact)
            return self.asked(node, row.get(name), row.get("currency"))
        if "segment" in node:
            return contact["contact_id"] in {key for key, _ in self.members(self.others[node["segment"]])}
        if "window_open" in node:
            return any(
                row["channel"] == node["window_open"]
                and row["window_open_until"]
                and row["window_open_until"] > self.now
                for row in self.tables["conversations"]
                if row["contact_id"] == contact["contact_id"]
            )
        return self.counted(node, contact)

    def company_of(self, contact: dict[str, Any]) -> dict[str, Any]:
        found = [row for row in self.tables["companies"] if row["company_id"] == contact["company_id"]]
        return found[0] if found else {}

    def counted(self, node: dict[str, Any], contact: dict[str, Any]) -> bool:
        kind = next(word for word in ("did", "has", "count", "sum", "max", "min") if word in node)
        table, _, column = ("events" if kind == "did" else node[kind]).partition(".")
        rows = [row for row in self.tables[table] if self.counts(row, table, node, contact)]
        if kind == "did":
            kinds = {"opened", "read"} if node["did"] == "opened" else {node["did"]}
            rows = [row for row in rows if row["event_type"] in kinds]
            if node["did"] in ("opened", "clicked"):
                rows = [row for row in rows if row["actor"] == "human"]
        values = [row[column] for row in rows if column and row[column] is not None]
        value = {
            "sum": lambda: sum(values),
            "max": lambda: max(values, default=None),
            "min": lambda: min(values, default=None),
        }.get(kind, lambda: len(rows))()
        beside = {"did", "has", "count", "sum", "max", "min", "where", "days", "currency"}
        asked = {key: each for key, each in node.items() if key not in beside} or {"at_least": 1}
        return self.asked(asked, value, None)

    def counts(self, row: dict[str, Any], table: str, node: dict[str, Any], contact: dict[str, Any]) -> bool:
        key = "contact_id" if table in ("events", "messages", "conversations") else "company_id"
        if row[key] != contact[key] or row.get("is_deleted"):
            return False
        if table == "messages" and row["sent_at"] is None:
            return False
        if "days" in node:
            happened = row[{"events": "occurred_at", "messages": "sent_at"}.get(table, "created_at")]
            if happened is None or not self.now - timedelta(days=node["days"]) < happened <= self.now:
                return False
        if "currency" in node and row["currency"] != node["currency"]:
            return False
        return "where" not in node or self.row_holds(node["where"], row)

    def row_holds(self, node: dict[str, Any], row: dict[str, Any]) -> bool:
        if "all" in node:
            return all(self.row_holds(part, row) for part in node["all"])
        if "any" in node:
            return any(self.row_holds(part, row) for part in node["any"])
        if "not" in node:
            return not self.row_holds(node["not"], row)
        return self.asked(node, row[node["field"]], row.get("currency"))

    def asked(self, node: dict[str, Any], x: Any, currency: str | None) -> bool:
        """Ask one comparison of a value; what is not known fulfils none but the opposites."""
        (operator,) = node.keys() - {"field", "currency"}
        value = node[operator]
        if operator in _OPPOSITE:
            return not self.asked({_OPPOSITE[operator]: value}, x, currency)
        if operator == "is_known":
            return (x not in (None, "")) is value
        if x is None or ("currency" in node and currency != node["currency"]):
            return False
        if operator in _COMPARE:
            return bool(_COMPARE[operator](x, self.like(x, value)))
        return self.in_time(operator, x, value)

    def like(self, x: Any, value: Any) -> Any:
        if isinstance(value, list):
            return [self.like(x, each) for each in value]
        if isinstance(x, datetime):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        if isinstance(x, date):
            return date.fromisoformat(value)
        return Decimal(str(value)) if isinstance(x, Decimal) else value

    def in_time(self, operator: str, x: Any, value: Any) -> bool:
        if operator == "in_future":
            return (x > self.now) is value
        if isinstance(x, datetime):
            span = timedelta(hours=value) if "hours" in operator else timedelta(days=value)
            return {
                "in_next_days": self.now < x <= self.now + span,
                "in_last_days": self.now - span < x <= self.now,
            }.get(operator, x < self.now - span)
        span = timedelta(days=value)
        return {
            "in_next_days": self.today <= x <= self.today + span,
            "in_last_days": self.today - span <= x <= self.today,
            "more_than_days_ahead": x > self.today + span,
            "more_than_days_ago": x < self.today - span,
        }[operator]
