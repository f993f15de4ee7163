"""Answers to suggest: stored ones whose words a message has, in the language of it; a person edits and sends."""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_FILE = Path(__file__).with_name("suggestions.yaml")
_THAI = re.compile("[\u0e01-\u0e5b]")
_NAME = "{{ name }}"


class Suggestion(NamedTuple):
    """One stored answer with the person's name in it."""

    topic: str
    text: str


class _Stored(NamedTuple):
    topic: str
    words: tuple[re.Pattern[str], ...]
    texts: dict[str, str]


def suggest(message: str, name: str, *, most: int = 3) -> list[Suggestion]:
    """Return the answers whose topic the message names, the one with most words in it first."""
    plain = " ".join(message.casefold().split())
    language = "th" if _THAI.search(message) else "en"
    hits = [(sum(bool(word.search(plain)) for word in stored.words), stored) for stored in _read()]
    found = sorted((each for each in hits if each[0]), key=lambda each: -each[0])
    return [Suggestion(stored.topic, _filled(stored.texts[language], name)) for _, stored in found[:most]]


def _filled(text: str, name: str) -> str:
    """Put the name in; without one the words close up."""
    if name:
        return text.replace(_NAME, name)
    return text.replace(f", {_NAME}", "").replace(f" คุณ{_NAME}", "")


@cache
def _read() -> tuple[_Stored, ...]:
    found: list[dict[str, Any]] = yaml.safe_load(_FILE.read_text())
    return tuple(
        _Stored(each["topic"], tuple(map(_word, each["words"])), {"en": each["en"], "th": each["th"]}) for each in found
    )


def _word(word: str) -> re.Pattern[str]:
    # English words begin where a word begins; Thai has no blanks between them.
    return re.compile(rf"\b{re.escape(word)}" if word.isascii() else re.escape(word))
