"""Up the ladder: what a webhook's word does to a message's status. A late lower status changes nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store.ledger import BEFORE
from core.store.many import Put
from core.store.times import json_short_time
from core.vocabulary import LADDER, Status

_AT_COLUMN = {
    Status.ACCEPTED: "accepted_at",
    Status.SENT: "sent_at",
    Status.DELIVERED: "delivered_at",
    Status.READ: "read_at",
}


class News(NamedTuple):
    """What a webhook says of a message: it has reached a status, and when."""

    message_id: str
    status: Status
    at: datetime


def raise_status(connection: sa.Connection, message_id: str, status: Status, at: datetime, now: datetime) -> bool:
    """Move a message, even one to be sent again, up the ladder on a webhook's word; a lower status changes nothing."""
    return bool(raise_statuses(connection, [News(message_id, status, at)], now))


# Where a status stands on the way up; what is planned but was claimed before, to be sent again, stands below it.
_RANK = "case messages.status {} when 'planned' then {} else 99 end".format(
    " ".join(f"when '{status}' then {rank}" for rank, status in enumerate(LADDER) if rank),
    "case when messages.claimed_at is null then 99 else 0 end",
)
_RANKS = {status: rank for rank, status in enumerate(LADDER)}
_MOVES = f"{_RANK} < given.rank"
_WAS_HANDED_OVER = "messages.status not in ({})".format(", ".join(f"'{status}'" for status in BEFORE))
_TIMES = tuple(_AT_COLUMN.values())
_PLACES = {status: 3 + _TIMES.index(column) for status, column in _AT_COLUMN.items()}
_IS_NEWS = " or ".join(f"(messages.{column} is null and given.{column} is not null)" for column in _TIMES)
# One statement for many webhooks: the first time a status is heard of is kept, whatever came before it.
_RAISE = Put(
    f"""
    update messages set
        status = case when {_MOVES} then given.status else messages.status end,
        reason = case when {_MOVES} then null else messages.reason end,
        lease_until = case when {_MOVES} then null else messages.lease_until end,
        updated_at = given.now,
        accepted_at = coalesce(
            messages.accepted_at, given.accepted_at, case when {_MOVES} then given.first_heard_at end
        ),
        {", ".join(f"{column} = coalesce(messages.{column}, given.{column})" for column in _TIMES[1:])}
    from {{given}}
    where messages.message_id = given.message_id and ({_MOVES} or ({_WAS_HANDED_OVER} and (
        {_IS_NEWS}
    )))
    """,  # noqa: S608 -- our names
    message_id="text",
    rank="integer",
    status="text",
    **dict.fromkeys(_TIMES, "time"),
    first_heard_at="time",
    now="time",
)


def raise_statuses(connection: sa.Connection, news: Iterable[News], now: datetime) -> int:
    """Move many messages up the ladder by one statement, as ``raise_status`` does; returns how many changed."""
    said = json_short_time(connection, now)
    rows: dict[str, list[Any]] = {}
    for message_id, status, at in news:
        moment = json_short_time(connection, at)
        row = rows.setdefault(message_id, [message_id, 0, status, *(None for _ in _TIMES), moment, said])
        if (rank := _RANKS[status]) > row[1]:
            row[1:3] = rank, status
        place = _PLACES.get(status)
        if place is not None and row[place] is None:
            row[place] = moment
    return _RAISE.put(connection, rows.values()) if rows else 0
