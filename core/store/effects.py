"""What an event changes in the store: the message's status, suppressions, addresses, the conversation."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.ids import derived_id
from core.store import addresses, consents, fallbacks, ladder, ledger, suppressions
from core.store.events import Event
from core.store.inbox import insert_ignore
from core.store.tables import conversations
from core.vocabulary import Channel, EventType, Status

# WhatsApp and Instagram let a business answer freely for 24 h after the person's last message.
WINDOW = timedelta(hours=24)
_WITH_WINDOW = (Channel.WHATSAPP, Channel.MESSENGER, Channel.INSTAGRAM)
_STATUS = {
    EventType.ACCEPTED: Status.ACCEPTED,
    EventType.HELD: Status.HELD,
    EventType.SENT: Status.SENT,
    EventType.DELIVERED: Status.DELIVERED,
    EventType.READ: Status.READ,
    # Only who has a message can open it, click in it, answer it, complain of it or leave by it.
    EventType.OPENED: Status.ACCEPTED,
    EventType.CLICKED: Status.ACCEPTED,
    EventType.REPLIED: Status.ACCEPTED,
    EventType.COMPLAINED: Status.ACCEPTED,
    EventType.UNSUBSCRIBED: Status.ACCEPTED,
}


def apply(connection: sa.Connection, event: Event, now: datetime) -> None:
    """Apply one new event, in the transaction that recorded it."""
    apply_all(connection, [event], now)


def apply_all(connection: sa.Connection, new: Sequence[Event], now: datetime) -> None:
    """Apply new events, in the transaction that recorded them: first what they say of messages, then the rest in order.

    Providers promise no order, so that a message may move up before an earlier event of another kind has its effect.
    """
    news = [
        ladder.News(event.message_id, _STATUS[event.event_type], event.occurred_at)
        for event in new
        if event.message_id and event.event_type in _STATUS
    ]
    ladder.raise_statuses(connection, news, now)
    if arrived := {each.message_id for each in new if each.message_id and each.event_type in fallbacks.ARRIVED}:
        fallbacks.withdraw(connection, arrived, now)
    for event in new:
        if effect := _EFFECTS.get(event.event_type):
            effect(connection, event, now)


def _fail(connection: sa.Connection, event: Event, now: datetime) -> None:
    detail = event.detail
    if event.message_id:
        ledger.fail(
            connection,
            event.message_id,
            error_class=str(detail.get("error_class", "permanent_recipient")),
            error_code=str(detail.get("error_code", "")),
            at=event.occurred_at,
            reason=str(detail.get("reason", "the provider reported that it was not delivered")),
        )
    if detail.get("permanent"):
        _suppress(connection, event, now, source=str(event.event_type), reason=str(detail.get("reason", "bounced")))


def _suppress(connection: sa.Connection, event: Event, now: datetime, *, source: str, reason: str) -> None:
    if not event.address and not event.contact_id:
        return
    suppressions.add(
        connection,
        channel=event.channel,
        address=event.address,
        contact_id=event.contact_id,
        purpose=str(event.detail.get("purpose", suppressions.ALL)),
        reason=reason,
        source=source,
        now=now,
    )


def _unsubscribe(connection: sa.Connection, event: Event, now: datetime) -> None:
    _suppress(connection, event, now, source=event.provider_event_type, reason="unsubscribed")
    _note_consent(connection, event, consents.WITHDRAWN, now)


def _note_consent(connection: sa.Connection, event: Event, state: str, now: datetime) -> None:
    if event.contact_id is None:
        return
    consents.record(
        connection,
        event.contact_id,
        event.channel,
        state=state,
        source=event.provider_event_type,
        purpose=str(event.detail.get("purpose", suppressions.ALL)),
        proof={"event_id": event.event_id, "message_id": event.message_id},
        at=event.occurred_at,
        now=now,
    )


def _complain(connection: sa.Connection, event: Event, now: datetime) -> None:
    _suppress(connection, event, now, source="complaint", reason="complained")


def _block(connection: sa.Connection, event: Event, now: datetime) -> None:
    _suppress(connection, event, now, source="blocked", reason="blocked our account")
    _note_consent(connection, event, consents.WITHDRAWN, now)
    if event.address:
        addresses.mark_blocked(connection, event.channel, event.address, now)


def _follow(connection: sa.Connection, event: Event, now: datetime) -> None:
    if event.address:
        suppressions.lift(connection, channel=event.channel, address=event.address, sources=("blocked",), now=now)
        addresses.mark_reachable(connection, event.channel, event.address, now)


def _resubscribe(connection: sa.Connection, event: Event, now: datetime) -> None:
    _note_consent(connection, event, consents.GIVEN, now)
    if event.address:
        suppressions.lift(
            connection,
            channel=event.channel,
            address=event.address,
            now=now,
            purpose=str(event.detail.get("purpose", suppressions.ALL)),
        )


def _converse(connection: sa.Connection, event: Event, now: datetime) -> None:
    if not event.address:
        return
    if event.channel is Channel.WHATSAPP and event.contact_id:
        # The number is as the CRM has it; that the person writes from it confirms it.
        addresses.confirm(connection, event.contact_id, event.channel, event.address, "wrote_to_us", now)
    key = derived_id("conversation", event.channel, event.address)
    connection.execute(
        insert_ignore(connection, conversations).values(
            conversation_id=key,
            contact_id=event.contact_id,
            channel=event.channel,
            address=event.address,
            status="open",
            message_count=0,
            opened_at=event.occurred_at,
            updated_at=now,
        )
    )
    window = event.occurred_at + WINDOW if event.channel in _WITH_WINDOW else None
    row = conversations.c
    connection.execute(
        sa.update(conversations)
        .where(row.conversation_id == key)
        .values(
            message_count=row.message_count + 1,
            status="open",
            updated_at=now,
            contact_id=sa.func.coalesce(row.contact_id, event.contact_id),
        )
    )
    is_newer = sa.or_(row.last_inbound_at.is_(None), row.last_inbound_at < event.occurred_at)
    connection.execute(
        sa.update(conversations)
        .where(row.conversation_id == key, is_newer)
        .values(last_inbound_at=event.occurred_at, last_inbound_id=event.event_id, window_open_until=window)
    )
    is_answered = row.last_outbound_at >= row.waiting_since
    waits_from = sa.case(
        (sa.or_(row.waiting_since.is_(None), is_answered, row.waiting_since > event.occurred_at), event.occurred_at),
        else_=row.waiting_since,
    )
    is_unanswered = sa.or_(row.last_outbound_at.is_(None), row.last_outbound_at < event.occurred_at)
    connection.execute(
        sa.update(conversations).where(row.conversation_id == key, is_unanswered).values(waiting_since=waits_from)
    )


_EFFECTS: dict[EventType, Callable[[sa.Connection, Event, datetime], None]] = {
    EventType.FAILED: _fail,
    EventType.BOUNCED: _fail,
    EventType.EXPIRED: _fail,
    EventType.UNSUBSCRIBED: _unsubscribe,
    EventType.COMPLAINED: _complain,
    EventType.BLOCKED: _block,
    EventType.FOLLOWED: _follow,
    EventType.RESUBSCRIBED: _resubscribe,
    EventType.REPLIED: _converse,
}
