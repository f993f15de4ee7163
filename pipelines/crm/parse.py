"""Typing the CRM's records strictly: a value of another kind than agreed is refused, never guessed."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.errors import PermanentError

_NEVER_NULL = frozenset({"id", "created_at", "updated_at", "currency"})
_MOST_MONEY = Decimal(10) ** 12  # the warehouse keeps DECIMAL(14,2)
_MOST_INT = 2**63
_CENT = Decimal("0.01")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_MOST_INT <= value < _MOST_INT:
        raise TypeError("not a whole number")
    return value


def _money(value: Any) -> Decimal:
    amount = Decimal(_text(value))
    if not amount.is_finite() or abs(amount) >= _MOST_MONEY or amount != amount.quantize(_CENT):
        raise ValueError("not an amount with two decimals")
    return amount.quantize(_CENT)


def _date(value: Any) -> date:
    return date.fromisoformat(_text(value))


def parse_time(value: Any) -> datetime:
    """Return an ISO 8601 time as UTC. Raises TypeError or ValueError for anything else, naive times too."""
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without offset")
    return moment.astimezone(UTC)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "bool": _bool,
    "int": _int,
    "money": _money,
    "date": _date,
    "time": parse_time,
    "json": _json,
}


def parse_record(record: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    """Return the record's columns (name → type word) as typed values; null stays null where it may be.

    Raises PermanentError naming the field that is missing or has changed its type. The message holds no value:
    it may be somebody's address.
    """
    row = {}
    for name, kind in columns.items():
        if name not in record:
            raise PermanentError(f"field {name!r} is missing")
        value = record[name]
        if value is None and name in _NEVER_NULL:
            raise PermanentError(f"field {name!r} is null")
        try:
            row[name] = None if value is None else PARSERS[kind](value)
        except (TypeError, ValueError, InvalidOperation) as error:
            raise PermanentError(f"field {name!r} holds {type(value).__name__}, wanted {kind}") from error
    return row
