"""Mail that comes back: bounces, complaints, replies, as raw RFC 5322 messages."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from sandbox.people import Taken


def _envelope(message: Taken, to: str, subject: str, sender: str, at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{subject.split(maxsplit=1)[0].lower()}.{message.key}@sandbox.example>"
    return mail


def _report(message: Taken, subject: str, kind: str, part: str, fields: str, at: datetime) -> bytes:
    head = _envelope(message, message.return_path, subject, "MAILER-DAEMON@sandbox.example", at).as_string().strip()
    return (
        f'{head}\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary="cut"\n\n'
        f"--cut\nContent-Type: text/plain\n\nThis is the mail system.\n\n--cut\nContent-Type: {part}\n\n{fields}\n\n"
        f"--cut\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message.message_id_header}\n\n--cut--\n"
    ).encode()


def bounce(message: Taken, status: str, text: str, at: datetime) -> bytes:
    """Return a delivery report (RFC 3464)."""
    fields = (
        f"Reporting-MTA: dns; sandbox.example\n\nFinal-Recipient: rfc822; {message.address}\n"
        f"Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} {text}"
    )
    return _report(
        message, "Undelivered Mail Returned to Sender", "delivery-status", "message/delivery-status", fields, at
    )


def complaint(message: Taken, at: datetime) -> bytes:
    """Return a complaint (RFC 5965)."""
    fields = "Feedback-Type: abuse\nUser-Agent: Sandbox/1\nVersion: 1"
    return _report(message, "Complaint about a message", "feedback-report", "message/feedback-report", fields, at)


def reply(message: Taken, text: str, at: datetime, *, is_automatic: bool = False) -> bytes:
    """Return a person's, or an absence notice's, answer."""
    mail = _envelope(
        message, "hello@bmasia.example", "Automatic reply" if is_automatic else "Re: your message", message.address, at
    )
    mail["In-Reply-To"] = message.message_id_header
    if is_automatic:
        mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(text)
    return mail.as_bytes()
