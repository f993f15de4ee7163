"""An email's bytes: text and HTML, one-click unsubscribe, our id in Message-ID and return path, DKIM.

Written out, not built as an ``EmailMessage``, which would take 50 times as long for each person.
"""

import binascii
import re
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
_LINE_END = re.compile("\r\n|\r|\n")
_QUOTED = "Content-Transfer-Encoding: quoted-printable\r\n\r\n"


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


def message_bytes(message: Outgoing, identity: Identity) -> bytes:
    """Return the whole message as it goes over SMTP: ASCII, lines of at most 998 characters, CRLF.

    Raises PermanentError when an address or a link cannot stand in a header.
    """
    name = identifier("the message's id", message.message_id)
    # "=_" occurs in no quoted-printable text, where hexadecimal digits or a line's end follow every "="
    data = (
        f"{identity.from_line}To: {visible('the address', message.address)}\r\n"
        f"{text_header('Subject', message.subject)}Date: {_date(int(time.time()))}\r\n"
        f"Message-ID: <{name}@{identity.domain}>\r\n"
        f"List-Unsubscribe: <{visible('the unsubscribe link', message.unsubscribe_url)}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        f"Feedback-ID: {identifier('the campaign', message.campaign_id)}:bmasia:campaign:{identity.domain}\r\n"
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="=_{name}"\r\n\r\n'
        f'--=_{name}\r\nContent-Type: text/plain; charset="utf-8"\r\n{_QUOTED}{_quoted(message.text)}\r\n'
        f'--=_{name}\r\nContent-Type: text/html; charset="utf-8"\r\n{_QUOTED}{_quoted(message.html)}\r\n'
        f"--=_{name}--\r\n"
    ).encode("ascii")
    if not identity.dkim_key:
        return data
    signature: bytes = dkim.sign(
        data, identity.dkim_selector.encode(), identity.domain.encode(), identity.dkim_key, include_headers=_SIGNED
    )
    return signature + data


def _quoted(text: str) -> str:
    lines = (_LINE_END.sub("\n", text) if "\r" in text else text).removesuffix("\n")
    # What ends the first line ends the soft line breaks too.
    return binascii.b2a_qp(f"{lines}\n".replace("\n", "\r\n").encode()).decode()


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))
