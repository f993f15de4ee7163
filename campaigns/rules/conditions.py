"""One comparison as SQL. Values become parameters; the text is made of our own names only."""

from collections.abc import Callable
from typing import Any

from campaigns.rules.tree import FieldClause, Group, Node

NOW = "getvariable('now')"
_TODAY = f"({NOW} at time zone 'Asia/Bangkok')::date"  # the business's day, as in the SQL segments
_SIMPLE = {
    "is": "{x} = {v}",
    "is_not": "{x} is distinct from {v}",
    "above": "{x} > {v}",
    "at_least": "{x} >= {v}",
    "below": "{x} < {v}",
    "at_most": "{x} <= {v}",
    "before": "{x} < {v}",
    "after": "{x} > {v}",
    "contains": "contains(lower({x}), lower({v}))",
    "starts_with": "starts_with(lower({x}), lower({v}))",
    "includes": "list_contains({x}, {v})",
    "excludes": "not coalesce(list_contains({x}, {v}), false)",
    "is_known": "({x} is not null) = {v}",
    "in_future": f"({{x}} > {NOW}) = {{v}}",
}
_DAYS = {
    "in_next_days": f"{{x}} between {_TODAY} and {_TODAY} + {{v}}::integer",
    "in_last_days": f"{{x}} between {_TODAY} - {{v}}::integer and {_TODAY}",
    "more_than_days_ahead": f"{{x}} > {_TODAY} + {{v}}::integer",
    "more_than_days_ago": f"{{x}} < {_TODAY} - {{v}}::integer",
}
_SPANS = {
    "in_next_days": f"({{x}} > {NOW} and {{x}} <= {NOW} + to_days({{v}}::integer))",
    "in_last_days": f"({{x}} > {NOW} - to_days({{v}}::integer) and {{x}} <= {NOW})",
    "more_than_days_ago": f"{{x}} < {NOW} - to_days({{v}}::integer)",
    "more_than_hours_ago": f"{{x}} < {NOW} - to_hours({{v}}::bigint)",
}
Parameter = Callable[[Any], str]


def comparison(x: str, operator: str, value: Any, kind: str, parameter: Parameter) -> str:
    """Return the SQL of ``x operator value``; null where ``x`` is null, but for the operators that are a ``not``."""
    if operator == "between":
        low, high = (parameter(each) for each in value)
        return f"{x} between {low} and {high}"
    if operator in ("in", "not_in"):
        found = f"{x} in ({', '.join(parameter(each) for each in value)})"
        return found if operator == "in" else f"not coalesce({found}, false)"
    if operator == "is_known" and kind == "text":
        x = f"nullif({x}, '')"
    template = {"date": _DAYS, "time": _SPANS}.get(kind, {}).get(operator) or _SIMPLE[operator]
    return template.format(x=x, v=parameter(value))


def field_condition(clause: FieldClause, alias: str, parameter: Parameter) -> str:
    """Return the SQL of a field clause over the table called ``alias``."""
    found = comparison(f"{alias}.{clause.field.column}", clause.operator, clause.value, clause.field.type, parameter)
    if clause.currency is not None:
        return f"({found} and {alias}.currency = {parameter(clause.currency)})"
    return found


def row_condition(node: Node, alias: str, parameter: Parameter, *, is_negated: bool = False) -> str:
    """Return the SQL of a tree over one row of a collection.

    Under a ``not`` an unknown must be false; elsewhere null does as well, and the scan can use the plain comparison.
    """
    if isinstance(node, FieldClause):
        found = field_condition(node, alias, parameter)
        return f"coalesce({found}, false)" if is_negated else found
    if not isinstance(node, Group):
        raise TypeError(f"a tree over rows holds field clauses only, not {node!r}")
    if node.kind == "not":
        return f"not {row_condition(node.parts[0], alias, parameter, is_negated=True)}"
    word = " and " if node.kind == "all" else " or "
    return "(" + word.join(row_condition(part, alias, parameter, is_negated=is_negated) for part in node.parts) + ")"
