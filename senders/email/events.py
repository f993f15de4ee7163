"""What comes back by mail: bounces, complaints and replies, put into our words."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from core import tokens
from core.errors import PermanentError
from core.ids import derived_id
from core.store.events import Event
from core.vocabulary import Actor, Channel, ErrorClass, EventType
from senders.email.bounces import Failure, failures, report_blocks
from senders.email.written import is_automatic, is_from_a_server, written_text
from senders.errors import classify
from senders.inbound import BROKEN, fault, is_stop, text_detail

_VERP = re.compile(r"bounces\+([\w-]+)@", re.IGNORECASE)
_UNSUBSCRIBE = re.compile(rb"/u/([\w-]{20,})")
_MESSAGE_ID = re.compile(r"<([0-9a-f-]{36})@[^>]+>")
_MAIL_ID = re.compile(r"<[!-;=?-~]{3,250}>")  # a Message-ID that may stand in a header of ours
_LONGEST_SUBJECT = 200
_TO = ("To", "Delivered-To", "X-Original-To")
_FAILED = "5.0.0"  # for good, without saying why
# Reports about a message that are no complaint: a person took one back, or a check of ours failed somewhere.
_NO_COMPLAINT = frozenset({"not-spam", "auth-failure"})


def translate(body: bytes, *, received_at: datetime, link_secret: str) -> list[Event]:
    """Return the events of one raw RFC 5322 message; an automatic answer gives none.

    Raises PermanentError when nothing in it says what it is about.
    """
    try:
        mail = message_from_bytes(body, policy=policy.default)
        return list(_events(mail, body, received_at, link_secret))
    except BROKEN as error:
        raise PermanentError(f"a mail nobody understands: {fault(error)}") from error


def _events(mail: EmailMessage, body: bytes, received_at: datetime, link_secret: str) -> Iterator[Event]:
    report = str(mail.get_param("report-type", "")) if mail.get_content_type() == "multipart/report" else ""
    returned = _verp([str(mail.get(name, "")) for name in _TO], link_secret)
    common: dict[str, Any] = {"channel": Channel.EMAIL, "occurred_at": _date(mail, received_at)}
    digest = hashlib.sha256(body).hexdigest()
    if report == "feedback-report":
        yield from _complaint(mail, returned or _about(mail, body, link_secret), digest, common)
        return
    # Free text is read as a report only where people do not write, or from somebody who is none.
    if returned is not None or report == "delivery-status" or is_from_a_server(mail):
        found = failures(mail)
        if found or report == "delivery-status":
            about = returned or _about(mail, body, link_secret)
            yield from _bounces([each for each in found if each.is_over], about, digest, common)
            return
    if is_automatic(mail):
        return
    yield from _reply(mail, digest, common)


def _complaint(mail: EmailMessage, about: str | None, digest: str, common: dict[str, Any]) -> Iterator[Event]:
    kinds = {str(block.get("Feedback-Type", "abuse")).strip().lower() for block in _feedback(mail)}
    if kinds and kinds <= _NO_COMPLAINT:
        return
    if about is None:
        raise PermanentError("a complaint about no message of ours")
    yield Event(
        event_id=derived_id("email", "complaint", digest),
        event_type=EventType.COMPLAINED,
        provider_event_type="arf",
        message_id=about,
        actor=Actor.HUMAN,
        **common,
    )


def _feedback(mail: EmailMessage) -> list[Any]:
    return list(report_blocks(mail, "message/feedback-report"))


def _bounces(found: list[Failure], about: str | None, digest: str, common: dict[str, Any]) -> Iterator[Event]:
    """Yield what has failed for good; an address is suppressed only on the word of who has seen our message."""
    if about is not None:
        found = found[:1]  # one message has one recipient, whom a report may name by another address
    for failure in found:
        error_class, meaning = _meaning(failure.code)
        is_permanent = failure.code.startswith("5") and (
            error_class is ErrorClass.PERMANENT_RECIPIENT or failure.code == _FAILED
        )
        yield Event(
            event_id=derived_id("email", "bounce", about or f"{digest} {failure.address.lower()}", failure.code),
            event_type=EventType.BOUNCED,
            provider_event_type="dsn",
            message_id=about,
            address=None if about else failure.address.lower(),
            detail={
                "error_class": str(error_class),
                "error_code": failure.code,
                "reason": meaning,
                "permanent": is_permanent and about is not None,
            },
            **common,
        )


def _meaning(code: str) -> tuple[ErrorClass, str]:
    if code == _FAILED:
        return ErrorClass.PERMANENT_RECIPIENT, "refused for good, without a reason"
    return classify(Channel.EMAIL, code)


def _reply(mail: EmailMessage, digest: str, common: dict[str, Any]) -> Iterator[Event]:
    answered = _MESSAGE_ID.findall(f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}")
    if not answered:
        raise PermanentError("a mail that answers none of our messages")
    key = mail.get("Message-ID", digest)
    text = written_text(mail)
    about: dict[str, Any] = {
        "message_id": answered[-1],
        "actor": Actor.HUMAN,
        "address": parseaddr(str(mail.get("From", "")))[1].lower() or None,
        **common,
    }
    yield Event(
        event_id=derived_id("email", "reply", key),
        event_type=EventType.REPLIED,
        provider_event_type="reply",
        detail=text_detail(text) | _thread(mail),
        **about,
    )
    if is_stop(text.partition("\n")[0]):
        yield Event(
            event_id=derived_id("email", "reply", key, "stop"),
            event_type=EventType.UNSUBSCRIBED,
            provider_event_type="stop_word",
            **about,
        )


def _thread(mail: EmailMessage) -> dict[str, str]:
    """Return what an answer needs to stand in the mail's thread."""
    found = _MAIL_ID.search(str(mail.get("Message-ID", "")))
    subject = " ".join(str(mail.get("Subject", "")).split())[:_LONGEST_SUBJECT]
    return ({"mail_id": found[0]} if found else {}) | ({"subject": subject} if subject else {})


def _verp(places: list[str], link_secret: str) -> str | None:
    for place in places:
        if found := _VERP.search(place):
            return tokens.verify(link_secret, "verp", found[1])[0]
    return None


def _about(mail: EmailMessage, body: bytes, link_secret: str) -> str | None:
    """Find our message in what a report encloses: its return path, its unsubscribe address, its Message-ID."""
    enclosed = [str(value) for block in _feedback(mail) for value in block.values()]
    if (message_id := _verp(enclosed, link_secret)) is not None:
        return message_id
    for token in _UNSUBSCRIBE.findall(body):
        with suppress(PermanentError):  # somebody else's
            return tokens.verify(link_secret, "unsubscribe", token.decode())[0]
    found = _MESSAGE_ID.findall(body.decode("utf-8", "replace"))
    return found[-1] if found else None


def _date(mail: EmailMessage, received_at: datetime) -> datetime:
    try:
        moment = parsedate_to_datetime(str(mail["Date"]))
    except (TypeError, ValueError):
        return received_at
    return moment if moment.tzinfo else received_at
