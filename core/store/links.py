"""Destinations of tracked links: a redirect goes to a stored destination or nowhere."""

from datetime import datetime

import sqlalchemy as sa

from core.ids import derived_id
from core.store.inbox import insert_ignore
from core.store.tables import links

# The ``link_id`` of the hidden link in every email, which leads nowhere: who follows it is no person.
HONEYPOT = "honeypot"


def save_link(connection: sa.Connection, url: str, now: datetime) -> str:
    """Store a destination and return its ``link_id``; the same URL has the same id."""
    link_id = derived_id("link", url)
    connection.execute(insert_ignore(connection, links).values(link_id=link_id, url=url, created_at=now))
    return link_id


def url_of(connection: sa.Connection, link_id: str) -> str | None:
    """Return the stored destination, or None."""
    return connection.execute(sa.select(links.c.url).where(links.c.link_id == link_id)).scalar_one_or_none()
