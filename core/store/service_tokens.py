"""Tokens for machines: shown once, kept as a hash, taken back by revoking."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.ids import random_id
from core.store.access_tables import service_tokens
from core.vocabulary import Role

PREFIX = "bma"
_NOTED_EVERY = timedelta(minutes=5)  # a use is written down this often, not at every request


class ServiceToken(NamedTuple):
    """A token as it is known: who uses it, and what it may do."""

    token_id: str
    name: str
    role: Role


def create(connection: sa.Connection, *, name: str, role: Role, now: datetime) -> tuple[str, str]:
    """Make a token; returns its id and the text to send, ``bma_<id>_<secret>``, which is kept nowhere."""
    token_id, secret = random_id().replace("-", ""), secrets.token_urlsafe(32)
    values = {"token_id": token_id, "name": name, "role": role, "secret_sha256": _hashed(secret), "created_at": now}
    connection.execute(sa.insert(service_tokens).values(values))
    return token_id, f"{PREFIX}_{token_id}_{secret}"


def find(connection: sa.Connection, text: str) -> ServiceToken | None:
    """Return whose token this text is; None when it is nobody's, or was revoked."""
    token_id, _, secret = text.removeprefix(f"{PREFIX}_").partition("_")
    query = sa.select(service_tokens).where(service_tokens.c.token_id == token_id)
    row = connection.execute(query).first()
    kept = row.secret_sha256 if row is not None else _hashed("")
    is_right = hmac.compare_digest(kept, _hashed(secret))
    if row is None or row.revoked_at is not None or not is_right:
        return None
    return ServiceToken(row.token_id, row.name, Role(row.role))


def note_use(connection: sa.Connection, token_id: str, now: datetime) -> None:
    """Write down that a token was used, if that was not written down a moment ago."""
    last = service_tokens.c.last_used_at
    is_due = sa.or_(last.is_(None), last < now - _NOTED_EVERY)
    here = service_tokens.c.token_id == token_id
    connection.execute(sa.update(service_tokens).where(here, is_due).values(last_used_at=now))


def revoke(connection: sa.Connection, token_id: str, now: datetime) -> bool:
    """Take a token back; False when there is none standing with this id."""
    standing = sa.and_(service_tokens.c.token_id == token_id, service_tokens.c.revoked_at.is_(None))
    return bool(connection.execute(sa.update(service_tokens).where(standing).values(revoked_at=now)).rowcount)


def every(connection: sa.Connection) -> list[dict[str, Any]]:
    """List tokens without their secrets, the newest first."""
    shown = [column for column in service_tokens.c if column.name != "secret_sha256"]
    query = sa.select(*shown).order_by(service_tokens.c.created_at.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
