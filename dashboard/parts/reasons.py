"""Reasons for Thai readers: data keep one wording, in English, and what is shown is put into Thai by its shape."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.parts.words import catalogue, language

_FILE = Path(__file__).parent.parent / "locales" / "reasons_th.toml"
_BLANK = re.compile(r"\\\{(\w+)\\\}")
_MOST_NESTED = 4


class _Shape(NamedTuple):
    pattern: re.Pattern[str]
    thai: str


def reason(text: str | None) -> str | None:
    """Return a reason in the viewer's language; one whose shape nobody described stays as it is."""
    return thai(text) if text and language() == "th" else text


def thai(text: str, depth: int = 0) -> str:
    """Put a reason into Thai. Several, one after the other, are put into Thai one by one."""
    for shape in _shapes():
        if found := shape.pattern.fullmatch(text):
            values = {name: _word(name, value, depth) for name, value in found.groupdict().items()}
            return shape.thai.format(**values)
    parts = text.split("; ")
    return "; ".join(thai(part, depth) for part in parts) if len(parts) > 1 else text


def _word(name: str, value: str, depth: int) -> str:
    if name == "why":
        return thai(value, depth + 1) if depth < _MOST_NESTED else value
    own: str | None = _read()["words"].get(name, {}).get(value)
    return own or catalogue("th").get(f"{name}_{value}") or value


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text())


@cache
def _shapes() -> tuple[_Shape, ...]:
    return tuple(_Shape(_pattern(each["en"]), each["th"]) for each in _read()["reasons"])


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(_BLANK.sub(r"(?P<\1>.+?)", re.escape(english)), re.DOTALL)
