"""What an answer does to the ledger: one transaction for many answers."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from core.logs import get_logger
from core.store import campaigns, ledger, suppressions
from core.store.ledger import Message, Receipt
from core.vocabulary import ErrorClass
from senders.contract import Accepted, Answer, NotSent, Rejected, Unknown
from senders.limits import Delay

MOST_ATTEMPTS = 6
_BACKOFF = {ErrorClass.TRANSIENT: 2.0, ErrorClass.RECIPIENT_THROTTLED: 60.0}  # seconds before the second attempt
_LONGEST_BACKOFF = 6 * 3600.0
_FINAL = {ErrorClass.PERMANENT_RECIPIENT, ErrorClass.PERMANENT_REQUEST, ErrorClass.SUPPRESS_MARKETING}
_HALTS = {ErrorClass.HALT_SENDER, ErrorClass.HALT_TEMPLATE}


class Stopped(NamedTuple):
    """Not sent, because something speaks against it for good: an opt-out's reason, or a broken template."""

    reason: str
    is_opt_out: bool


class Released(NamedTuple):
    """Not begun: the lane pauses, is held, or stops."""


Result = Answer | Stopped | Released | Delay


def settles_doubt(answer: Answer, *, is_batch: bool) -> bool:
    """Say whether the answer to a repeat is evidence: it was or is now taken, or could never be.

    A refused batch says nothing of its single messages.
    """
    if isinstance(answer, Accepted):
        return True
    return not is_batch and isinstance(answer, Rejected) and answer.error_class in _FINAL


def settle(connection: sa.Connection, results: Iterable[tuple[Message, Result]], worker: str, now: datetime) -> None:
    """Record what became of claimed messages."""
    receipts: list[Receipt] = []
    released: list[str] = []
    for message, result in results:
        if isinstance(result, Accepted):
            receipts.append(Receipt(message.message_id, result.provider_message_id, result.is_held))
        elif isinstance(result, Released | NotSent):
            released.append(message.message_id)  # it never reached the provider: no attempt of the message's own
        else:
            _settle_one(connection, message, result, worker, now)
    ledger.accept(connection, receipts, now)
    for start in range(0, len(released), 500):
        ledger.release(connection, released[start : start + 500], worker, now)


def _settle_one(
    connection: sa.Connection,
    message: Message,
    result: Unknown | Rejected | Stopped | Delay,
    worker: str,
    now: datetime,
) -> None:
    key = message.message_id
    match result:
        case Unknown():
            ledger.doubt(connection, key, reason=result.reason, at=now)
        case Delay():
            ledger.postpone(
                connection, key, worker=worker, not_before=result.until, reason=result.reason, is_attempt=False, now=now
            )
        case Stopped(is_opt_out=True):
            ledger.suppress(connection, key, reason=result.reason, at=now)
        case Stopped():
            _fail(connection, message, ErrorClass.PERMANENT_REQUEST, "template", result.reason, now)
        case Rejected():
            _refused(connection, message, result, worker, now)


def _refused(connection: sa.Connection, message: Message, answer: Rejected, worker: str, now: datetime) -> None:
    error_class = ErrorClass(answer.error_class)
    if error_class in _HALTS:
        _halt(connection, message, answer, error_class, now)
        ledger.release(connection, [message.message_id], worker, now)
    elif error_class is ErrorClass.THROTTLED:
        seconds = answer.retry_after or random.uniform(1.0, 3.0)  # noqa: S311 -- jitter
        _postpone(connection, message, answer, worker, now, seconds, is_attempt=False)
    elif error_class in _BACKOFF and message.attempts + 1 < MOST_ATTEMPTS:
        seconds = min(_LONGEST_BACKOFF, _BACKOFF[error_class] * 4.0**message.attempts)
        seconds = answer.retry_after or seconds * random.uniform(0.7, 1.3)  # noqa: S311 -- jitter
        _postpone(connection, message, answer, worker, now, seconds, is_attempt=True)
    else:
        gave_up = f"gave up after {MOST_ATTEMPTS} attempts: " if error_class in _BACKOFF else ""
        _fail(connection, message, error_class, answer.error_code, gave_up + answer.reason, now)
        _suppress(connection, message, error_class, answer.reason, now)


def _postpone(
    connection: sa.Connection,
    message: Message,
    answer: Rejected,
    worker: str,
    now: datetime,
    seconds: float,
    *,
    is_attempt: bool,
) -> None:
    ledger.postpone(
        connection,
        message.message_id,
        worker=worker,
        not_before=now + timedelta(seconds=seconds),
        reason=answer.reason,
        error_class=answer.error_class,
        error_code=answer.error_code,
        is_attempt=is_attempt,
        now=now,
    )


def _halt(
    connection: sa.Connection, message: Message, answer: Rejected, error_class: ErrorClass, now: datetime
) -> None:
    is_sender = error_class is ErrorClass.HALT_SENDER
    scope = f"channel:{message.channel}" if is_sender else f"template:{message.template_id}"
    campaigns.set_hold(connection, scope, answer.reason, "senders", now)
    get_logger().error("sending halted", scope=scope, error_code=answer.error_code, reason=answer.reason)


def _fail(
    connection: sa.Connection, message: Message, error_class: ErrorClass, code: str, reason: str, now: datetime
) -> None:
    ledger.fail(connection, message.message_id, error_class=error_class, error_code=code, reason=reason, at=now)


def _suppress(connection: sa.Connection, message: Message, error_class: ErrorClass, reason: str, now: datetime) -> None:
    if error_class not in {ErrorClass.PERMANENT_RECIPIENT, ErrorClass.SUPPRESS_MARKETING}:
        return
    suppressions.add(
        connection,
        channel=message.channel,
        address=message.address,
        contact_id=message.contact_id,
        purpose="marketing" if error_class is ErrorClass.SUPPRESS_MARKETING else suppressions.ALL,
        reason=reason,
        source="refused",
        now=now,
    )
