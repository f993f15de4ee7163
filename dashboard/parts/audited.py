"""Who read contact details in the clear, and who changed what: one line each in the audit log."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
import streamlit as st

from core.clock import utc_now
from core.store import audit
from core.vocabulary import Role
from dashboard.store import store
from dashboard.viewer import actor, may

_MOST_NAMED = 100


def note_reading(what: str, contact_ids: Iterable[str | None]) -> None:
    """Note, once a session, whose contact details were shown in the clear; who sees them masked leaves no line."""
    whose = sorted({each for each in contact_ids if each})
    seen: set[str] = st.session_state.setdefault("read_in_the_clear", set())
    if not whose or what in seen or not may(Role.MARKETER):
        return
    with store().begin() as connection:
        note_change(connection, "read_contact_details", what, {"contacts": whose[:_MOST_NAMED], "count": len(whose)})
    seen.add(what)


def note_change(connection: sa.Connection, action: str, target: str, detail: Mapping[str, Any]) -> None:
    """Note a change of the viewer's, in its transaction."""
    audit.write(
        connection, actor=actor(), action=action, target=target, detail={**detail, "by": "dashboard"}, now=utc_now()
    )
