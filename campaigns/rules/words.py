"""Clauses in words: what a reason, an explanation and a review show."""

from typing import Any

from campaigns.rules.tree import AggregateClause, Clause, FieldClause, Group, Node, SegmentClause

_OPERATORS = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "contains": "contains",
    "starts_with": "starts with",
    "above": "above",
    "at_least": "at least",
    "below": "below",
    "at_most": "at most",
    "between": "between",
    "before": "before",
    "after": "after",
    "includes": "includes",
    "excludes": "does not include",
}
_SPANS = {
    "in_next_days": "within the next {} days",
    "in_last_days": "within the last {} days",
    "more_than_days_ahead": "more than {} days ahead",
    "more_than_days_ago": "more than {} days ago",
    "more_than_hours_ago": "more than {} hours ago",
}


def sentence(clause: Clause) -> str:
    """Say what a clause asks, e.g. ``Contracts at least 1 (Contract status is Active)``."""
    if isinstance(clause, SegmentClause):
        return f"in segment {clause.segment_id}"
    if isinstance(clause, FieldClause):
        return f"{clause.field.label} {_asked(clause.operator, clause.value)}{_currency(clause.currency)}"
    return _aggregate(clause)


def _aggregate(clause: AggregateClause) -> str:
    what = clause.word or clause.collection.label
    if clause.field is not None:
        what = f"{clause.function} of {clause.field.label}"
    days = f" in {clause.days} days" if clause.days else ""
    where = f" ({tree_words(clause.where)})" if clause.where is not None else ""
    return f"{what} {_asked(clause.operator, clause.value)}{_currency(clause.currency)}{days}{where}"


def tree_words(node: Node) -> str:
    """Say a whole tree in one line."""
    if not isinstance(node, Group):
        return sentence(node)
    if node.kind == "not":
        return f"not ({tree_words(node.parts[0])})"
    word = " and " if node.kind == "all" else " or "
    return word.join(f"({tree_words(part)})" if isinstance(part, Group) else sentence(part) for part in node.parts)


def _asked(operator: str, value: Any) -> str:
    if operator == "is_known":
        return "is known" if value else "is not known"
    if operator == "in_future":
        return "is in the future" if value else "is past"
    if operator in _SPANS:
        return _SPANS[operator].format(value)
    if isinstance(value, list):
        joint = " and " if operator == "between" else ", "
        return f"{_OPERATORS[operator]} {joint.join(map(_one, value))}"
    return f"{_OPERATORS[operator]} {_one(value)}"


def _one(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _currency(currency: str | None) -> str:
    return f" {currency}" if currency else ""
