"""How soon an answer is owed and by whom: the words of DOMAIN.md §3, in English and Thai, the first that holds."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

PROMISES = {"urgent": 15 * 60, "high": 3600, "normal": 4 * 3600, "low": 24 * 3600}  # seconds to the first answer


class _Route(NamedTuple):
    urgency: str
    department: str
    words: re.Pattern[str]


@cache
def _routes() -> tuple[_Route, ...]:
    found = tomllib.loads(Path(__file__).with_name("words.toml").read_text())["routes"]
    return tuple(_Route(each["urgency"], each["department"], _any_of(each["words"])) for each in found)


def _any_of(words: list[str]) -> re.Pattern[str]:
    # An English word begins where a word begins: "event" is none of "prevent". Thai puts no blanks between words.
    return re.compile("|".join(rf"\b{re.escape(word)}" if word.isascii() else re.escape(word) for word in words))


def route(text: str, sentiment: str) -> tuple[str, str]:
    """Return urgency and department of a message; thanks that sound unhappy are not put off as thanks."""
    plain = " ".join(text.casefold().split())
    for each in _routes():
        if each.words.search(plain) and not (each.urgency == "low" and sentiment == "negative"):
            return each.urgency, each.department
    return ("high" if sentiment == "negative" else "normal"), "support"
