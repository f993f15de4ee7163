"""Reasons for Thai readers: data keep one wording, in English, and what is shown is put into Thai by its shape."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from campaigns.rules.catalogue import read_catalogue
from dashboard.parts.words import catalogue, language
from reports.words import Words

_FILE = Path(__file__).parent.parent / "locales" / "reasons_th.toml"
_BLANK = re.compile(r"\\\{(\w+)\\\}")
_MOST_NESTED = 8
_REASONS = ("why", "clause", "then")  # values that are reasons themselves
_ONE = ("clause", "then", "field", "value", "found")  # values within one of several reasons


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
            said = found.groupdict()
            if "field" in said and said["field"] not in _labels():
                continue
            return shape.thai.format(**{name: _word(name, value, depth) for name, value in said.items()})
    parts = text.split("; ")
    return "; ".join(thai(part, depth) for part in parts) if len(parts) > 1 else text


def _word(name: str, value: str, depth: int) -> str:
    if name in _REASONS:
        return thai(value, depth + 1) if depth < _MOST_NESTED else value
    if name == "field":
        return _labels()[value]
    own: str | None = _read()["words"].get(name, {}).get(value)
    return own or catalogue("th").get(f"{name}_{value}") or value


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text())


@cache
def _labels() -> dict[str, str]:
    """Return the Thai of what rules ask about: fields, what is counted of them, and what people and channels do."""
    collections = read_catalogue().values()
    fields = {each.label: each.label_th for every in collections for each in every.fields.values()}
    counted = {each.label: each.label_th for each in collections}
    functions: dict[str, str] = _read()["words"]["function"]
    summed = {f"{name} of {key}": of + label for name, of in functions.items() for key, label in fields.items()}
    events, channels = Words("th").of_values("event"), Words("th").of_values("channel")
    windows = {
        f"{key} window open": catalogue("th")["window_of"].format(channel=each) for key, each in channels.items()
    }
    return {**events, **windows, **summed, **counted, **fields}


@cache
def _shapes() -> tuple[_Shape, ...]:
    return tuple(_Shape(_pattern(each["en"]), each["th"]) for each in _read()["reasons"])


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(_BLANK.sub(_blank, re.escape(english)), re.DOTALL)


def _blank(found: re.Match[str]) -> str:
    return f"(?P<{found[1]}>{'(?:(?!; ).)+?' if found[1] in _ONE else '.+?'})"
