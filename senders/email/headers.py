"""Header lines and addresses of an email: encoded (RFC 2047), folded (RFC 5322), none can smuggle in another one."""

import binascii
import re

from core.errors import PermanentError

_LONGEST = 76  # characters of a line
_LONGEST_HARD = 998  # RFC 5322: without the line's end
# The text of one encoded word, never cut inside a character: 39 bytes are 52 characters, and leave room for a name.
_PIECE = re.compile(rb".{1,39}(?![\x80-\xbf])", re.DOTALL)
_CONTROL = re.compile(r"\r\n|[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"(?!.*=\?)(?:[!-~]{1,60}(?: [!-~]{1,60})*)?")
_BETWEEN_WORDS = "?=\r\n =?utf-8?b?"
_VISIBLE = re.compile(r"[!-~]*")
_ID = re.compile(r"[A-Za-z0-9._-]{1,60}")
_LOCAL_PART = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def text_header(name: str, value: str) -> str:
    """Return ``Name: value`` for words people read, in any script; a line break in them is a space."""
    if not value.isprintable():  # asked first: it costs a quarter
        value = _CONTROL.sub(" ", value)
    if value.isascii() and _PLAIN.fullmatch(value):
        return _folded(f"{name}: {value}")
    return f"{name}: {_encoded(value)}\r\n"


def from_header(name: str, address: str) -> str:
    """Return ``From:`` with a display name in any script."""
    if not name.isascii():
        return f"From: {_encoded(name)}\r\n <{address}>\r\n"
    quoted = re.sub(r'(["\\])', r"\\\1", _CONTROL.sub(" ", name))
    return f'From: "{quoted}" <{address}>\r\n' if name else f"From: {address}\r\n"


def visible(what: str, value: str) -> str:
    """Return a value for a header that machines read. Raises PermanentError unless it is visible ASCII on one line."""
    if not _VISIBLE.fullmatch(value) or len(value) > _LONGEST_HARD - 100:
        raise PermanentError(f"{what} cannot stand in an email's header")
    return value


def identifier(what: str, value: str) -> str:
    """Return an id for a Message-ID or a boundary. Raises PermanentError unless letters, digits and ``._-`` make it."""
    if not _ID.fullmatch(value):
        raise PermanentError(f"{what} cannot name an email")
    return value


def mailbox(address: str) -> str | None:
    """Return an address as an envelope takes it, its domain in ASCII; None when it cannot be written there.

    Quoted local parts and those that need SMTPUTF8 (RFC 6531) cannot.
    """
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            return None
    return f"{local}@{domain}" if _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain) else None


def _encoded(value: str) -> str:
    words = [binascii.b2a_base64(piece, newline=False).decode() for piece in _PIECE.findall(value.encode())]
    return f"=?utf-8?b?{_BETWEEN_WORDS.join(words)}?="


def _folded(line: str) -> str:
    if len(line) > _LONGEST:
        line = "\r\n ".join(re.findall(r"(\S.{0,74})(?: |$)", line))
    return f"{line}\r\n"
