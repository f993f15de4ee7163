"""What somebody wrote by mail, and whether it was somebody: people, answering machines and mail servers told apart."""

import html
import re
from email.message import EmailMessage

_AUTOMATIC_SUBJECT = re.compile(
    r"\s*(auto(matic)?[ -]?(reply|response)|autoreply|out of (the )?office|ตอบกลับอัตโนมัติ|การตอบกลับอัตโนมัติ)", re.IGNORECASE
)
_AUTOMATIC_PRECEDENCE = frozenset({"auto_reply", "bulk", "junk", "list"})
_SERVERS = re.compile(r"(mailer-daemon|postmaster|mail delivery (sub)?system)", re.IGNORECASE)
_HIDDEN = re.compile(r"<(style|script|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(br|/p|/div|/tr|/li)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def is_from_a_server(mail: EmailMessage) -> bool:
    """Say whether a mail server sent it: nobody is to answer it (RFC 5321), or it says so."""
    return str(mail.get("Return-Path", "")).strip() == "<>" or bool(_SERVERS.search(str(mail.get("From", ""))))


def is_automatic(mail: EmailMessage) -> bool:
    """Say whether a machine answered (RFC 3834, and what came before it)."""
    return (
        str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower() != "no"
        or any(name in mail for name in ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond"))
        or str(mail.get("Precedence", "")).strip().lower() in _AUTOMATIC_PRECEDENCE
        or _AUTOMATIC_SUBJECT.match(str(mail.get("Subject", ""))) is not None
    )


def written_text(mail: EmailMessage) -> str:
    """Return what was written, as plain text. Raises LookupError for a charset that nobody knows."""
    part = mail.get_body(("plain", "html"))
    if part is None:
        return ""
    text = str(part.get_content())
    if part.get_content_subtype() == "html":
        text = html.unescape(_TAG.sub("", _BREAK.sub("\n", _HIDDEN.sub("", text))))
    return text.strip()
