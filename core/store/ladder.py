"""Up the ladder: what a webhook's word does to a message's status. A late lower status changes nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.store.ledger import BEFORE
from core.store.many import put, statements
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
_RANK = "case status {} when 'planned' then case when claimed_at is null then 99 else 0 end else 99 end".format(
    " ".join(f"when '{status}' then {rank}" for rank, status in enumerate(LADDER) if rank)
)
_MOVES = f"{_RANK} < cast(given.value ->> 1 as integer)"
_WAS_HANDED_OVER = "status not in ({})".format(", ".join(f"'{status}'" for status in BEFORE))
_TIMES = tuple(_AT_COLUMN.values())
_NEW_TIMES = [
    f"coalesce({column}, cast(given.value ->> {3 + place} as {{short_time}}))" for place, column in enumerate(_TIMES)
]
_IS_NEWS = " or ".join(
    f"({column} is null and given.value ->> {3 + place} is not null)" for place, column in enumerate(_TIMES)
)
# One statement for many webhooks: the first time a status is heard of is kept, whatever came before it.
_RAISE = statements(f"""
    update messages set
        status = case when {_MOVES} then given.value ->> 2 else status end,
        reason = case when {_MOVES} then null else reason end,
        lease_until = case when {_MOVES} then null else lease_until end,
        updated_at = cast(:now as {{short_time}}),
        accepted_at = case when {_MOVES} then coalesce({_NEW_TIMES[0]}, cast(given.value ->> 7 as {{short_time}}))
            else {_NEW_TIMES[0]} end,
        {", ".join(f"{column} = {new}" for column, new in zip(_TIMES[1:], _NEW_TIMES[1:], strict=True))}
    from {{given}}
    where messages.message_id = given.value ->> 0 and ({_MOVES} or ({_WAS_HANDED_OVER} and (
        {_IS_NEWS}
    )))
""")  # noqa: S608 -- our names


def raise_statuses(connection: sa.Connection, news: Iterable[News], now: datetime) -> int:
    """Move many messages up the ladder by one statement, as ``raise_status`` does; returns how many changed."""
    rows: dict[str, list[Any]] = {}
    for message_id, status, at in news:
        moment = json_short_time(connection, at)
        row = rows.setdefault(message_id, [message_id, 0, status, *(None for _ in _TIMES), moment])
        if (rank := LADDER.index(status)) > row[1]:
            row[1:3] = rank, status
        place = 3 + _TIMES.index(_AT_COLUMN[status]) if status in _AT_COLUMN else None
        if place is not None and row[place] is None:
            row[place] = moment
    if not rows:
        return 0
    return put(connection, _RAISE, rows.values(), now=json_short_time(connection, now)).rowcount
