"""Emails of text and variables alone, as most are: what all of a template's share is made into bytes once.

A template is composed once, the ordinary way, with a mark for each variable and token; what lies between the marks is
kept. A message whose values could change more than their own places is composed the ordinary way.
"""

import re
import secrets
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from markupsafe import escape

from core.errors import PermanentError
from core.store.ledger import Message
from senders.compose import Links, dress
from senders.contract import Outgoing
from senders.email.message import LONGEST_LINE, has_a_long_line, in_lines
from senders.patterns import Pattern
from senders.templates import Rendered, Template

_BEGIN, _END = f"bma{secrets.token_hex(8)}", "0amb"  # no template can hold it
_MARK = re.compile(f"{_BEGIN}([a-z]+[0-9]*)Z*{_END}".encode())
_LONGEST_IDS = 100  # characters of a message's and a contact's id together: their tokens are no longer than the marks
_LONGEST_TOKEN = 240
_KINDS = ("click", "open", "honeypot", "unsubscribe", "preferences")  # of tokens, in ``Form``'s order
_BETWEEN = "\x1f"
# What would be trimmed, ends a line, or belongs to the boundary between the parts of a mail, which has "=_".
_UNFIT = re.compile(r"[\r\n\0=]|(?:\A|\x1f)(?:[\s._\x1f]|\Z)|\s(?:\x1f|\Z)")
_SPECIAL = re.compile("[&<>'\"]")


class _Marks(Links):
    """Links with a mark in place of each token."""

    def token(self, kind: str, *_parts: str) -> str:
        """Return the mark, as long as any token."""
        return f"{_BEGIN}{kind}{_END:Z>{_LONGEST_TOKEN}}"


def _marked(pattern: Pattern) -> str:
    return pattern.put([f"{_BEGIN}v{place}{_END}" for place in range(pattern.size)]).strip()


class _Part:
    """Text or page of an email, with places for values and tokens."""

    def __init__(self, text: str, values: int) -> None:
        """Take it with marks. Raises ValueError when it cannot be taken apart."""
        marked = in_lines(text)
        between = _MARK.split(marked)
        names = [name.decode() for name in between[1::2]]
        words = b"\r\n" + b"x".join(between[::2])
        if any(each in words for each in (b"=_", b"\0", b"\r\n.")) or has_a_long_line(marked):
            raise ValueError("it has what marks, boundaries or lines must not have")
        places = [*(f"v{place}" for place in range(values)), *_KINDS]
        self._text = b"%b".join(each.replace(b"%", b"%%") for each in between[::2])
        self._in_order: Callable[[Any], Any] = itemgetter(*map(places.index, names)) if names else lambda _values: ()
        self._most = max(map(names.count, names), default=0)  # how often a value stands in it
        self._room = LONGEST_LINE - max(map(len, marked.split(b"\r\n")))

    def put(self, values: bytes, tokens: list[bytes]) -> bytes:
        """Fill it. Raises ValueError when a line gets too long."""
        apart = values.split(b"\x1f") if values else []
        filled: bytes = self._text % self._in_order(apart + tokens)
        if len(values) * self._most > self._room and has_a_long_line(filled):
            raise ValueError("a line gets too long")
        return filled


class Form:
    """The email of a template, in the ordinary way but for the values that its messages fill in."""

    def __init__(self, template: Template, words: Pattern, page: Pattern | None, message: Message, links: Links):
        """Compose it with marks, for any ``message`` of it. Raises ValueError when it cannot be taken apart."""
        self._template, self._words, self._page, self._links = template, words, page, links
        marks = _Marks(public_url=links.public_url, secret=links.secret)
        rendered = Rendered(text=_marked(words), html="" if page is None else _marked(page))
        click = marks.click("", "") if template.button else ""
        outgoing = dress(rendered, click, message, template, marks)
        self._text = _Part(outgoing.text, words.size)
        self._html = _Part(outgoing.html, (page or words).size)

    @classmethod
    def of(cls, template: Template, message: Message, links: Links) -> "Form | None":
        """Return it, or None when the template is more than text and variables, or an answer to one person."""
        patterns = template.patterns()
        if patterns is None or template.is_personal:
            return None
        try:
            return cls(template, *patterns, message, links)
        except ValueError:
            return None

    def fill(self, message: Message, link_id: str) -> Outgoing | None:
        """Return what goes out, or None when that is for the ordinary way to say, or why nothing does."""
        if len(message.message_id) + len(message.contact_id) > _LONGEST_IDS:
            return None
        try:
            self._template.require(message.variables)
            return self._filled(message, link_id)
        except (PermanentError, KeyError, TypeError, ValueError):
            return None

    def _filled(self, message: Message, link_id: str) -> Outgoing:
        links, key, variables = self._links, message.message_id, message.variables
        said = _plain(self._words.values(variables))
        if self._page is None:
            shown = str(escape(said)) if _SPECIAL.search(said) else said
        else:
            click = links.click(key, link_id) if self._template.button else ""
            shown = _plain(self._page.values({**variables, "button_url": click}))
        unsubscribe_url = links.unsubscribe(key)
        tokens = [
            links.token("click", key, link_id).encode(),
            links.token("open", key).encode(),
            links.token("honeypot", key).encode(),
            unsubscribe_url.rpartition("/")[2].encode(),
            links.token("preferences", message.contact_id).encode(),
        ]
        return Outgoing(
            message_id=key,
            address=message.address,
            language=message.language,
            campaign_id=message.campaign_id,
            text="",
            subject=self._template.subject(variables),
            unsubscribe_url=unsubscribe_url,
            lines=(self._text.put(said.encode(), tokens), self._html.put(shown.encode(), tokens)),
        )


def _plain(values: list[str]) -> str:
    """Return values side by side. Raises ValueError when one could change more than its own place."""
    said = _BETWEEN.join(values)
    if values and (_UNFIT.search(said) or said.count(_BETWEEN) >= len(values)):
        raise ValueError("a value is more than a few words on one line")
    return said
