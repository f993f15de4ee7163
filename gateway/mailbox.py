"""A mailbox read over IMAP: what nobody has seen, and the mark that somebody has."""

import imaplib
import ssl
from collections.abc import Sequence
from typing import cast

from core.logs import get_logger
from core.settings import Settings

LARGEST_MAIL = 25 * 1024 * 1024  # bytes; what large providers let a person send
_IMAPS = 993
_PATIENCE = 30.0  # seconds for one answer of the mail server


class Mailbox:
    """One session: encrypted from the first byte on port 993, else by STARTTLS where it is offered.

    Every method raises ``imaplib.IMAP4.error`` or OSError when the server refuses or does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        host, port = settings.imap_host, settings.imap_port
        if port == _IMAPS:
            self._imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                host, port, ssl_context=ssl.create_default_context(), timeout=_PATIENCE
            )
        else:
            self._imap = imaplib.IMAP4(host, port, timeout=_PATIENCE)
            if "STARTTLS" in self._imap.capabilities:
                self._imap.starttls(ssl.create_default_context())
        self._imap.login(settings.imap_username, settings.imap_password.get_secret_value())
        self._ask(self._imap.select(f'"{settings.imap_mailbox}"'))

    def unseen(self) -> list[str]:
        """Return the ids of the mails that are not marked as seen, oldest first."""
        (found, *_) = self._ask(self._imap.uid("SEARCH", "UNSEEN"))
        return cast("bytes", found or b"").decode().split()

    def fetch(self, uid: str) -> bytes | None:
        """Return a mail as it came, without marking it; None when it is larger than anybody may send."""
        (size, *_) = self._ask(self._imap.uid("FETCH", uid, "(RFC822.SIZE)"))
        if int(cast("bytes", size).rpartition(b"RFC822.SIZE ")[2].split()[0].rstrip(b")")) > LARGEST_MAIL:
            get_logger().error("a mail is too large and stays in the mailbox", uid=uid, most=LARGEST_MAIL)
            return None
        for part in self._ask(self._imap.uid("FETCH", uid, "(BODY.PEEK[])")):
            if isinstance(part, tuple):
                return bytes(part[1])
        return None  # somebody else has removed it

    def mark_seen(self, uid: str) -> None:
        """Mark a mail as seen."""
        self._ask(self._imap.uid("STORE", uid, "+FLAGS.SILENT", "(\\Seen)"))

    def close(self) -> None:
        """End the session; a server that is gone has ended it already."""
        try:
            self._imap.logout()
        except (imaplib.IMAP4.error, OSError):
            self._imap.shutdown()

    @staticmethod
    def _ask(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
        status, data = answer
        if status != "OK":
            raise imaplib.IMAP4.error(f"the mail server says {status}")
        return data
