"""A LINE user proves to be a contact with a one-time code; the code is kept as a keyed hash only."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from core.errors import PermanentError
from core.store import addresses, consents, suppressions
from core.store.address_tables import line_codes, line_tries
from core.vocabulary import Channel

LIFETIME = timedelta(days=7)
MOST_CODES = 5  # for one contact within a day
MOST_WRONG = 5  # of one LINE user within an hour
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # no letters that people mistake for digits
_LETTERS = 8
# What a person takes back by linking anew: that they left us on LINE, in words or by blocking us.
_TAKEN_BACK = ("blocked", "stop_word")
SOURCE = "line_code"


class Result(StrEnum):
    """What came of a code that somebody sent."""

    LINKED = "linked"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Code:
    """A new code. ``text`` is shown once and kept nowhere."""

    text: str
    expires_at: datetime


def digest(secret: str, code: str) -> str:
    """Return what is kept of a code. Raises PermanentError without a secret: anybody could reckon it then."""
    if not secret:
        raise PermanentError("BMA_LINK_SECRET is empty: set it, codes cannot be kept safely without it")
    return hmac.new(secret.encode(), b"line_code\0" + code.upper().encode(), hashlib.sha256).hexdigest()


def issue(
    connection: sa.Connection,
    contact_id: str,
    *,
    secret: str,
    source: str,
    issued_by: str,
    shown: Mapping[str, str],
    now: datetime,
) -> Code:
    """Make a code such as ``BMA-7KQ2M9XD`` for a contact to send to our LINE account once, within seven days.

    A code the contact had and did not use is void from now on. ``shown`` is what the person reads before sending it,
    by language. Raises PermanentError for more than five a day.
    """
    theirs = line_codes.c.contact_id == contact_id
    counted = sa.select(sa.func.count()).where(theirs, line_codes.c.issued_at > now - _DAY)
    if connection.execute(counted).scalar_one() >= MOST_CODES:
        raise PermanentError(f"contact {contact_id} had {MOST_CODES} codes within a day: use the last one, or wait")
    revoke_codes(connection, contact_id, now)
    text = "BMA-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS))
    values = {"contact_id": contact_id, "source": source, "issued_by": issued_by, "shown": dict(shown)}
    expires_at = now + LIFETIME
    connection.execute(
        sa.insert(line_codes).values(code_hash=digest(secret, text), issued_at=now, expires_at=expires_at, **values)
    )
    return Code(text, expires_at)


def revoke_codes(connection: sa.Connection, contact_id: str, now: datetime) -> int:
    """Make a contact's codes that were not used void; returns how many."""
    open_ones = sa.and_(
        line_codes.c.contact_id == contact_id, line_codes.c.redeemed_at.is_(None), line_codes.c.revoked_at.is_(None)
    )
    return connection.execute(sa.update(line_codes).where(open_ones).values(revoked_at=now)).rowcount


def redeem(
    connection: sa.Connection, code_hash: str, line_user_id: str, *, event_id: str, at: datetime, now: datetime
) -> Result:
    """Link the LINE user who gave a code at ``at`` to its contact, or say why not.

    After five wrong codes within an hour a user's next ones are not looked at. The same user may give a code again.
    """
    wrong = sa.select(sa.func.count()).where(
        line_tries.c.line_user_id == line_user_id,
        line_tries.c.result != Result.LINKED,
        line_tries.c.tried_at > at - _HOUR,
    )
    if connection.execute(wrong).scalar_one() >= MOST_WRONG:
        return Result.TOO_MANY
    good = sa.and_(
        line_codes.c.code_hash == code_hash,
        line_codes.c.redeemed_at.is_(None),
        line_codes.c.revoked_at.is_(None),
        line_codes.c.expires_at > at,
    )
    taken = sa.update(line_codes).where(good).values(redeemed_at=at, line_user_id=line_user_id)
    found = connection.execute(
        taken.returning(
            line_codes.c.contact_id,
            line_codes.c.source,
            line_codes.c.issued_by,
            line_codes.c.shown,
            line_codes.c.issued_at,
        )
    ).first()
    if found is None:
        result = _why_not(connection, code_hash, line_user_id)
    else:
        result = Result.LINKED
        addresses.confirm(connection, found.contact_id, Channel.LINE, line_user_id, SOURCE, now)
        suppressions.lift(connection, channel=Channel.LINE, address=line_user_id, sources=_TAKEN_BACK, now=now)
        proof = {
            "shown": found.shown,
            "code_from": f"{found.source}: {found.issued_by}",
            "issued_at": found.issued_at.isoformat(),
            "line_user_id": line_user_id,
            "event_id": event_id,
        }
        consents.record(
            connection, found.contact_id, Channel.LINE, state=consents.GIVEN, source=SOURCE, proof=proof, at=at, now=now
        )
    values = {"event_id": event_id, "line_user_id": line_user_id, "result": result, "tried_at": at}
    connection.execute(sa.insert(line_tries).values(**values))
    return result


def _why_not(connection: sa.Connection, code_hash: str, line_user_id: str) -> Result:
    row = connection.execute(sa.select(line_codes).where(line_codes.c.code_hash == code_hash)).first()
    if row is None:
        return Result.UNKNOWN
    if row.redeemed_at is None:
        return Result.EXPIRED
    is_linked = addresses.is_confirmed(connection, row.contact_id, Channel.LINE, line_user_id)
    return Result.LINKED if row.line_user_id == line_user_id and is_linked else Result.USED


def unlink(connection: sa.Connection, contact_id: str, *, by: str, now: datetime) -> list[str]:
    """Unlink a contact's LINE users, void open codes, keep that it was asked for; returns the LINE users."""
    revoke_codes(connection, contact_id, now)
    found = addresses.revoke(connection, contact_id, Channel.LINE, reason="the address was unlinked", now=now)
    if found:
        proof = {"asked_through": by, "addresses": found}
        consents.record(
            connection,
            contact_id,
            Channel.LINE,
            state=consents.WITHDRAWN,
            source="unlinked",
            proof=proof,
            at=now,
            now=now,
        )
    return found
