"""An email's bytes: text and HTML, one-click unsubscribe, our id in Message-ID and return path, DKIM."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path

import dkim

from core import tokens
from senders.contract import Outgoing

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


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who writes: the visible address, where bounces return, and what signs."""

    sender: str
    bounce_domain: str
    link_secret: str
    dkim_key: bytes = b""
    dkim_selector: str = ""

    @property
    def domain(self) -> str:
        """The visible address's domain."""
        return parseaddr(self.sender)[1].rpartition("@")[2]

    def return_path(self, message_id: str) -> str:
        """The envelope sender of one message (VERP): a bounce to it names the message."""
        return f"bounces+{tokens.sign(self.link_secret, 'verp', message_id)}@{self.bounce_domain or self.domain}"


def read_key(path: str) -> bytes:
    """Read the DKIM key file; empty when none is set."""
    return Path(path).read_bytes() if path else b""


def message_bytes(message: Outgoing, identity: Identity) -> bytes:
    """Return the whole message as it goes over SMTP."""
    name, address = parseaddr(identity.sender)
    local, _, domain = address.rpartition("@")
    mail = EmailMessage(policy=SMTP.clone(max_line_length=200))
    mail["From"] = Address(name, local, domain)
    mail["To"] = message.address
    mail["Subject"] = message.subject.replace("\n", " ")
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.message_id}@{identity.domain}>"
    mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Feedback-ID"] = f"{message.campaign_id}:bmasia:campaign:{identity.domain}"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    data = mail.as_bytes()
    if not identity.dkim_key:
        return data
    signature: bytes = dkim.sign(
        data, identity.dkim_selector.encode(), identity.domain.encode(), identity.dkim_key, include_headers=_SIGNED
    )
    return signature + data
