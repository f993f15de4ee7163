"""To whom an occasion of a report went: claimed before the email leaves, so that none goes out twice."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.store.report_tables import report_deliveries

SENDING, SENT, WAITING, FAILED, IN_DOUBT = "sending", "sent", "waiting", "failed", "in_doubt"
UNSENT = (WAITING, FAILED, IN_DOUBT)
_LONGEST = timedelta(minutes=15)  # far longer than an email takes: who sent it has died
_D = report_deliveries.c


class Occasion(NamedTuple):
    """One email of one occasion (UTC) of a report."""

    report_id: str
    occasion: datetime
    address: str


def claim(connection: sa.Connection, key: Occasion, version: int, now: datetime) -> bool:
    """Take an email for sending, in a transaction to be committed before the first byte; False if it is not free."""
    taken = sa.update(report_deliveries).where(*_is(key), _D.state == WAITING)
    if connection.execute(taken.values(state=SENDING, reason=None, version=version, updated_at=now)).rowcount:
        return True
    try:
        with connection.begin_nested():
            connection.execute(_row(key, version, SENDING, None, now))
    except IntegrityError:
        return False
    return True


def note(connection: sa.Connection, key: Occasion, version: int, state: str, reason: str | None, now: datetime) -> None:
    """Write down what became of an email, claimed or not."""
    changed = sa.update(report_deliveries).where(*_is(key))
    if not connection.execute(changed.values(state=state, reason=reason, version=version, updated_at=now)).rowcount:
        connection.execute(_row(key, version, state, reason, now))


def end_old(connection: sa.Connection, now: datetime, patience: timedelta) -> None:
    """Give up what has waited longer than ``patience``, and doubt what somebody began to send and never finished."""
    late = sa.update(report_deliveries).where(_D.state == WAITING, _D.occasion < now - patience)
    connection.execute(late.values(state=FAILED, updated_at=now))
    stale = sa.update(report_deliveries).where(_D.state == SENDING, _D.updated_at < now - _LONGEST)
    because = "whoever sent it stopped in the middle: it may have arrived, so it was not sent again"
    connection.execute(stale.values(state=IN_DOUBT, reason=because, updated_at=now))


def states(connection: sa.Connection, report_id: str, occasion: datetime) -> dict[str, str]:
    """Return the state of every email of an occasion by its address."""
    query = sa.select(_D.address, _D.state).where(_D.report_id == report_id, _D.occasion == occasion)
    return {row.address: row.state for row in connection.execute(query)}


def latest(
    connection: sa.Connection, *, report_id: str = "", only: Collection[str] = (), most: int = 200
) -> list[dict[str, Any]]:
    """List deliveries, the newest first: ``report_id, occasion, address, state, reason, updated_at``."""
    query = sa.select(_D.report_id, _D.occasion, _D.address, _D.state, _D.reason, _D.updated_at)
    if report_id:
        query = query.where(_D.report_id == report_id)
    if only:
        query = query.where(_D.state.in_(only))
    return [dict(row) for row in connection.execute(query.order_by(_D.updated_at.desc()).limit(most)).mappings()]


def _is(key: Occasion) -> tuple[sa.ColumnElement[bool], ...]:
    return _D.report_id == key.report_id, _D.occasion == key.occasion, _D.address == key.address


def _row(key: Occasion, version: int, state: str, reason: str | None, now: datetime) -> Any:
    return sa.insert(report_deliveries).values(
        **key._asdict(), version=version, state=state, reason=reason, updated_at=now
    )
