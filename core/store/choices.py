"""What a person chose to receive: by purpose, by channel, or nothing for a while. It holds for the next message."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from core.store import consents, suppressions
from core.store.suppressions import ALL
from core.store.tables import suppressions as table

REST = timedelta(days=30)
_CHOSEN, _RESTING = "preferences", "rest"
# What the person said to us about all of a channel or purpose, and may take back here.
_TAKEN_BACK = (_CHOSEN, _RESTING, "one_click")


class Choice(StrEnum):
    """What may be sent of something."""

    YES = "yes"
    REST = "rest"
    NO = "no"


class Wish(NamedTuple):
    """A purpose by every channel, or a channel for every purpose."""

    channel: str = ALL
    purpose: str = ALL


def chosen(connection: sa.Connection, contact_id: str) -> dict[Wish, Choice]:
    """Return what stands against sending to a person; what is not there is a yes."""
    query = sa.select(table.c.channel, table.c.purpose, table.c.ends_at).where(
        table.c.contact_id == contact_id, table.c.lifted_at.is_(None)
    )
    found: dict[Wish, Choice] = {}
    for channel, purpose, ends_at in connection.execute(query):
        wish = Wish(channel, purpose)
        if found.get(wish) is not Choice.NO:
            found[wish] = Choice.NO if ends_at is None else Choice.REST
    return found


def choose(connection: sa.Connection, contact_id: str, wishes: Mapping[Wish, Choice], now: datetime) -> None:
    """Let what a person chose hold. What stands already as it was chosen stays, a rest with the end it had."""
    standing = chosen(connection, contact_id)
    for wish, choice in wishes.items():
        if standing.get(wish, Choice.YES) is choice:
            continue
        suppressions.lift(
            connection,
            channel=wish.channel,
            contact_id=contact_id,
            purpose=wish.purpose,
            sources=_TAKEN_BACK,
            now=now,
        )
        if wish.channel != ALL or wish == Wish():
            state = consents.GIVEN if choice is Choice.YES else consents.WITHDRAWN
            proof = {"shown": "the page of preferences", "chosen": choice}
            consents.record(
                connection, contact_id, wish.channel, state=state, source=_CHOSEN, proof=proof, at=now, now=now
            )
        if choice is Choice.YES:
            continue
        ends_at = now + REST if choice is Choice.REST else None
        suppressions.add(
            connection,
            channel=wish.channel,
            address=None,
            contact_id=contact_id,
            purpose=wish.purpose,
            reason="unsubscribed" if ends_at is None else f"asked for a rest until {ends_at:%-d %B %Y}",
            source=_CHOSEN if ends_at is None else _RESTING,
            now=now,
            ends_at=ends_at,
        )
