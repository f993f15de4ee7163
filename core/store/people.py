"""Roles that an administrator gave: they go before the CRM's."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store.tables import users
from core.vocabulary import Role


def given_roles(connection: sa.Connection) -> list[dict[str, Any]]:
    """List who was given a role here: ``user_id, role, updated_at``, the newest first."""
    query = sa.select(users.c.user_id, users.c.role, users.c.updated_at).order_by(users.c.updated_at.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def give_role(connection: sa.Connection, user_id: str, role: Role, now: datetime) -> None:
    """Give somebody of the CRM another role."""
    changed = connection.execute(
        sa.update(users).where(users.c.user_id == user_id).values(role=str(role), updated_at=now)
    ).rowcount
    if not changed:
        row = {"user_id": user_id, "username": user_id, "role": str(role), "created_at": now, "updated_at": now}
        connection.execute(sa.insert(users).values(**row))


def take_role(connection: sa.Connection, user_id: str) -> None:
    """Let the CRM's role count again."""
    connection.execute(sa.delete(users).where(users.c.user_id == user_id))
