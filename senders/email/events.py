"""What comes back by mail: bounces, complaints and replies, put into our words."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from flufl.bounce import all_failures

from core import tokens
from core.errors import PermanentError
from core.ids import derived_id
from core.store.events import Event
from core.vocabulary import Actor, Channel, ErrorClass, EventType
from senders.errors import classify
from senders.inbound import BROKEN, fault, is_signed_in_hex, text_detail

_VERP = re.compile(r"bounces\+([\w-]+)@", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([0-9a-f-]{36})@[^>]+>")
_STATUS = re.compile(r"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", re.MULTILINE | re.IGNORECASE)
_ACTION = re.compile(r"^Action:\s*(\w+)", re.MULTILINE | re.IGNORECASE)


def verify(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Check ``X-BMA-Signature`` over the raw message, in constant time."""
    return is_signed_in_hex(body, headers.get("x-bma-signature", ""), secret)


def translate(body: bytes, *, received_at: datetime, link_secret: str) -> list[Event]:
    """Return the events of one raw RFC 5322 message; an automatic answer gives none.

    Raises PermanentError when nothing in it says what it is about.
    """
    try:
        mail = message_from_bytes(body, policy=policy.default)
        return _events(mail, body, received_at, link_secret)
    except BROKEN as error:
        raise PermanentError(f"a mail nobody understands: {fault(error)}") from error


def _events(mail: EmailMessage, body: bytes, received_at: datetime, link_secret: str) -> list[Event]:
    kind = mail.get_content_type()
    report = str(mail.get_param("report-type", ""))
    message_id = _verp(mail, link_secret)
    common: dict[str, Any] = {"channel": Channel.EMAIL, "occurred_at": _date(mail, received_at)}
    digest = hashlib.sha256(body).hexdigest()
    if kind == "multipart/report" and report == "feedback-report":
        return [
            Event(
                event_id=derived_id("email", "complaint", digest),
                event_type=EventType.COMPLAINED,
                provider_event_type="arf",
                message_id=message_id or _original(body),
                actor=Actor.HUMAN,
                **common,
            )
        ]
    if kind == "multipart/report" and report == "delivery-status":
        return _bounce(_delivery_status(mail), message_id or _original(body), digest, common)
    if message_id is not None:  # free text to a return path: only mail servers write there
        temporary, permanent = all_failures(mail)
        if temporary or permanent:
            status = "5.0.0" if permanent else "4.0.0"
            return _bounce(
                f"Action: failed\nStatus: {status}", message_id, digest, common, is_permanent=bool(permanent)
            )
    if str(mail.get("Auto-Submitted", "no")).lower() != "no" or mail.get("X-Auto-Response-Suppress"):
        return []
    answered = _MESSAGE_ID.findall(f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}")
    if not answered:
        raise PermanentError("a mail that answers none of our messages")
    part = mail.get_body(("plain", "html"))
    return [
        Event(
            event_id=derived_id("email", "reply", mail.get("Message-ID", digest)),
            event_type=EventType.REPLIED,
            provider_event_type="reply",
            message_id=answered[-1],
            actor=Actor.HUMAN,
            address=parseaddr(str(mail.get("From", "")))[1].lower() or None,
            detail=text_detail(part.get_content() if part else ""),
            **common,
        )
    ]


def _bounce(
    status_text: str, message_id: str | None, digest: str, common: dict[str, Any], *, is_permanent: bool | None = None
) -> list[Event]:
    action = _ACTION.search(status_text)
    if action is None or action[1].lower() != "failed":
        return []  # delayed or relayed: not over yet
    found = _STATUS.search(status_text)
    code = found[1] if found else "5.0.0"
    error_class, meaning = classify(Channel.EMAIL, code)
    permanent = error_class is ErrorClass.PERMANENT_RECIPIENT if is_permanent is None else is_permanent
    return [
        Event(
            event_id=derived_id("email", "bounce", message_id or digest, code),
            event_type=EventType.BOUNCED,
            provider_event_type="dsn",
            message_id=message_id,
            detail={"error_class": str(error_class), "error_code": code, "reason": meaning, "permanent": permanent},
            **common,
        )
    ]


def _delivery_status(mail: EmailMessage) -> str:
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            return "\n".join(str(block) for block in blocks) if isinstance(blocks, list) else str(blocks)
    raise PermanentError("a delivery report without a status")


def _verp(mail: EmailMessage, link_secret: str) -> str | None:
    for header in ("To", "Delivered-To", "X-Original-To"):
        if found := _VERP.search(str(mail.get(header, ""))):
            return tokens.verify(link_secret, "verp", found[1])[0]
    return None


def _original(body: bytes) -> str | None:
    found = _MESSAGE_ID.findall(body.decode("utf-8", "replace"))
    return found[-1] if found else None


def _date(mail: EmailMessage, received_at: datetime) -> datetime:
    try:
        moment = parsedate_to_datetime(str(mail["Date"]))
    except (TypeError, ValueError):
        return received_at
    return moment if moment.tzinfo else received_at
