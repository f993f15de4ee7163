"""A letter to one of the staff: words and files. Few go out, so it is put together the standard library's way."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

import dkim

from senders.email.headers import identifier, visible
from senders.email.message import Identity, written_at

_SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"]


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that goes with a letter; ``kind`` is its media type."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is written to whom. ``letter_id`` is ours, the same for a repeat."""

    letter_id: str
    address: str
    language: str
    subject: str
    text: str
    files: Sequence[File] = ()


class LetterMail:
    """A letter ready for any server: all of it is ASCII."""

    fits_eight_bits, may_have_dots = False, True

    def __init__(self, letter: Letter, identity: Identity) -> None:
        """Raise PermanentError when an address cannot stand in a header."""
        self._data = _bytes(letter, identity)

    def written(self, *, eight_bit: bool) -> bytes:  # noqa: ARG002 -- it does not fit
        """Return the letter as it goes over SMTP."""
        return self._data


def _bytes(letter: Letter, identity: Identity) -> bytes:
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    name, address = parseaddr(identity.sender)
    message["From"] = f'"{name}" <{address}>' if name else address
    message["To"] = visible("the address", letter.address)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = written_at()
    message["Message-ID"] = f"<{identifier('the letter', letter.letter_id)}@{identity.domain}>"
    message["Content-Language"] = letter.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="base64")
    for file in letter.files:
        main, _, sub = file.kind.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    data = message.as_bytes()
    if not identity.dkim_key:
        return data
    signature: bytes = dkim.sign(
        data, identity.dkim_selector.encode(), identity.domain.encode(), identity.dkim_key, include_headers=_SIGNED
    )
    return signature + data
