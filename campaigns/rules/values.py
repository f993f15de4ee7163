"""Values in rules: what each operator takes, checked and brought to the type that its column has."""

import difflib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from campaigns.rules.catalogue import Field

_COUNTS = {
    "in_next_days",
    "in_last_days",
    "more_than_days_ahead",
    "more_than_days_ago",
    "more_than_hours_ago",
}
_FLAGS = {"is_known", "in_future"}
_LISTS = {"in", "not_in"}
_LARGEST = 10**15
_MOST = 36_500  # days: beyond a century a number of days is a slip


def near(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or which there are."""
    words = sorted(known)
    by_last = {each.rpartition(".")[2]: each for each in words}
    found = difflib.get_close_matches(word, words, 1, 0.6)
    found = found or [by_last[each] for each in difflib.get_close_matches(word.rpartition(".")[2], by_last, 1, 0.6)]
    if found:
        return f"did you mean {found[0]!r}?"
    return f"there are {', '.join(words)}" if words else "there are none"


def read_value(field: Field, operator: str, given: Any, known: Iterable[str] | None = None) -> Any:
    """Return ``given`` as the type that ``operator`` compares ``field`` with. Raises ValueError saying what is wrong.

    ``known``: the words found in the data, for a field whose allowed values are those.
    """
    if operator in _FLAGS:
        return _flag(given)
    if operator in _COUNTS:
        return whole(given, least=0, most=_MOST)
    if operator in _LISTS:
        if not isinstance(given, list) or not given:
            raise ValueError(f"{operator} takes a list of values, not {given!r}")
        return [_one(field, each, known) for each in given]
    if operator == "between":
        if not isinstance(given, list) or len(given) != 2:
            raise ValueError(f"between takes two values [from, to], not {given!r}")
        low, high = (_one(field, each, known) for each in given)
        if low > high:
            raise ValueError(f"between takes the smaller value first, not {given!r}")
        return [low, high]
    return _one(field, given, known)


def whole(given: Any, *, least: int, most: int) -> int:
    """Return a whole number. Raises ValueError when it is none or out of bounds."""
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise ValueError(f"a whole number from {least} to {most} is needed, not {given!r}")
    return given


def _flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError(f"true or false is needed, not {given!r}")  # noqa: TRY004 -- one kind of error for a reader
    return given


def _one(field: Field, given: Any, known: Iterable[str] | None) -> Any:
    if field.type == "flag":
        return _flag(given)
    if field.type in ("number", "money"):
        return number(given)
    if field.type == "date":
        return _date(given)
    if field.type == "time":
        return _time(given)
    if not isinstance(given, str):
        raise ValueError(f"a text is needed, not {given!r}: write it in quotes")  # noqa: TRY004 -- as above
    words = known if field.values == "data" else field.values
    if words and given not in words:
        raise ValueError(f"{field.name} is never {given!r}: {near(given, words)}")
    return given


def number(given: Any) -> Decimal:
    """Return a number, exactly as written. Raises ValueError when it is none."""
    try:
        if isinstance(given, bool):
            raise InvalidOperation  # noqa: TRY301 -- True is 1 in Python, and a slip in a rule
        found = Decimal(str(given))
    except InvalidOperation:
        raise ValueError(f"a number is needed, not {given!r}") from None
    if not found.is_finite() or abs(found) >= _LARGEST:
        raise ValueError(f"a number is needed, not {given!r}")
    return found


def _date(given: Any) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise ValueError(f"a day like 2026-03-31 is needed, not {given!r}") from None


def _time(given: Any) -> datetime:
    try:
        found = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    except ValueError:
        raise ValueError(f"a time like 2026-03-31T09:00+07:00 is needed, not {given!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
