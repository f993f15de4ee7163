"""An email's bytes: text and HTML, one-click unsubscribe, our id in Message-ID and return path, DKIM.

Written out, not built as an ``EmailMessage``, which would take 50 times as long for each person.
"""

import binascii
import re
import struct
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from functools import cached_property, lru_cache
from pathlib import Path

import dkim

from core import tokens
from senders.contract import Outgoing
from senders.email.headers import from_header, identifier, text_header, visible

_SIGNED = [
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"mime-version",
    b"content-type",
]
_LINE_END = re.compile(rb"\r\n|\r")
LONGEST_LINE = 998  # bytes, without the line's end: RFC 5322
_LONGEST_ENCODED_LINE = 76  # RFC 2045, 6.8


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who writes: the visible address, where bounces return, and what signs."""

    sender: str
    bounce_domain: str
    link_secret: str
    dkim_key: bytes = b""
    dkim_selector: str = ""

    @cached_property
    def domain(self) -> str:
        """The visible address's domain."""
        return parseaddr(self.sender)[1].rpartition("@")[2]

    @cached_property
    def from_line(self) -> str:
        """The header that says who writes."""
        return from_header(*parseaddr(self.sender))

    def return_path(self, message_id: str) -> str:
        """The envelope sender of one message (VERP): a bounce to it names the message."""
        return f"bounces+{tokens.sign(self.link_secret, 'verp', message_id)}@{self.bounce_domain or self.domain}"


def read_key(path: str) -> bytes:
    """Read the DKIM key file; empty when none is set."""
    return Path(path).read_bytes() if path else b""


class Mail:
    """One email, checked and ready to be written as the server takes it: in eight bits (RFC 6152) or in base64.

    Signed by us it is always base64: a server on its way that takes seven bits alone would break the signature
    (RFC 6376, 5.3).
    """

    __slots__ = ("_boundary", "_fits", "_head", "_html", "_signed", "_text", "may_have_dots")

    def __init__(self, message: Outgoing, identity: Identity) -> None:
        """Raise PermanentError when an address or a link cannot stand in a header, UnicodeEncodeError for no text."""
        name = identifier("the message's id", message.message_id)
        purpose = _bulk(message, identity) if message.unsubscribe_url else _answer(message)
        # "=_" occurs in no base64, where "=" stands at the end alone
        self._boundary = f"--=_{name}".encode("ascii")
        head = (
            f"{identity.from_line}To: {visible('the address', message.address)}\r\n"
            f"{text_header('Subject', message.subject)}Date: {written_at()}\r\n"
            f"Message-ID: <{name}@{identity.domain}>\r\n"
            f"{purpose}MIME-Version: 1.0\r\n"
            f'Content-Type: multipart/alternative; boundary="=_{name}"\r\n\r\n'
        )
        self._head = head.encode("ascii")
        self._text, self._html = message.lines or (in_lines(message.text), in_lines(message.html))
        self._signed = self._sign(identity) if identity.dkim_key else b""
        self.may_have_dots = message.lines is None
        is_fit = message.lines is not None or (self._is_fit(self._text) and self._is_fit(self._html))
        self._fits = is_fit and not self._signed

    @property
    def fits_eight_bits(self) -> bool:
        """Whether it may go as it is to a server that takes eight bits."""
        return self._fits

    def written(self, *, eight_bit: bool) -> bytes:
        """Return the message as it goes over SMTP: CRLF, lines of at most 998 bytes, ASCII unless ``eight_bit``."""
        if self._signed:
            return self._signed
        if eight_bit:
            return self._in_parts(b"8bit", self._text, self._html)
        return self._in_parts(b"base64", _in_base64(self._text), _in_base64(self._html))

    def _in_parts(self, encoding: bytes, text: bytes, html: bytes) -> bytes:
        head, boundary = self._head, self._boundary
        return (
            b'%b%b\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: %b\r\n\r\n%b\r\n\r\n'
            b'%b\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: %b\r\n\r\n%b\r\n\r\n%b--\r\n'
        ) % (head, boundary, encoding, text, boundary, encoding, html, boundary)

    def _is_fit(self, lines: bytes) -> bool:
        return not (b"\0" in lines or self._boundary in lines or has_a_long_line(lines))

    def _sign(self, identity: Identity) -> bytes:
        data = self._in_parts(b"base64", _in_base64(self._text), _in_base64(self._html))
        signature: bytes = dkim.sign(
            data, identity.dkim_selector.encode(), identity.domain.encode(), identity.dkim_key, include_headers=_SIGNED
        )
        return signature + data


def _bulk(message: Outgoing, identity: Identity) -> str:
    """Return what mail to many must say of itself: how to end it, whose it is, that a machine wrote it."""
    return (
        f"List-Unsubscribe: <{visible('the unsubscribe link', message.unsubscribe_url)}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        f"Feedback-ID: {identifier('the campaign', message.campaign_id)}:bmasia:campaign:{identity.domain}\r\n"
        "Auto-Submitted: auto-generated\r\n"
    )


def _answer(message: Outgoing) -> str:
    """Return what puts an answer into the thread of the mail it answers (RFC 5322, 3.6.4)."""
    if not message.in_reply_to:
        return ""
    mail = visible("the id of the mail it answers", message.in_reply_to)
    return f"In-Reply-To: {mail}\r\nReferences: {mail}\r\n"


def in_lines(text: str) -> bytes:
    """Return text in UTF-8, its lines ended by CRLF but for the last."""
    lines = text.encode()
    if b"\r" in lines:
        lines = _LINE_END.sub(b"\n", lines)
    return lines.removesuffix(b"\n").replace(b"\n", b"\r\n")


def has_a_long_line(lines: bytes) -> bool:
    """Say whether a line has more than 998 bytes: from each line's beginning on, its end must be found so near."""
    begin, length = 0, len(lines)
    while length - begin > LONGEST_LINE:
        end = lines.rfind(b"\r\n", begin, begin + LONGEST_LINE + 2)
        if end < 0:
            return True
        begin = end + 2
    return False


def _in_base64(lines: bytes) -> bytes:
    """Encode a part: less than half of the time quoted-printable takes, and less than half as long where it is Thai."""
    encoded = binascii.b2a_base64(lines + b"\r\n", newline=False)
    whole = len(encoded) // _LONGEST_ENCODED_LINE  # cut by struct: slices would take as long as the encoding
    cut = struct.unpack_from(f"{_LONGEST_ENCODED_LINE}s" * whole, encoded)
    return b"\r\n".join((*cut, encoded[whole * _LONGEST_ENCODED_LINE :]))


def written_at() -> str:
    """Return the time of now as a Date header has it."""
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))
