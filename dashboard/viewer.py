"""Who looks at the page, and what they may do there."""

import streamlit as st

from core.errors import PermanentError
from core.people import Person
from core.settings import load_settings
from core.vocabulary import Role
from dashboard.doors import COOKIE, demo_viewer
from dashboard.sessions import SESSIONS

_NOBODY = Person("", "", Role.VIEWER)  # a view drawn by itself: the least that anybody sees


class SignedOutError(PermanentError):
    """The session has ended: sign in again."""


def arrive() -> None:
    """Remember whose page this is: the cookie is the one that the door saw. Raises SignedOutError."""
    st.session_state["session_id"] = st.context.cookies.get(COOKIE, "")
    viewer()


def viewer() -> Person:
    """Return who looks now, with the role of now. Raises SignedOutError when the session has ended."""
    if "session_id" not in st.session_state:
        return _NOBODY
    session = SESSIONS.find(st.session_state["session_id"])
    if session is not None:
        return session.person
    if (person := demo_viewer(load_settings())) is not None:
        return person
    raise SignedOutError("your session has ended: sign in again")


def may(role: Role) -> bool:
    """Say whether the viewer's role is enough."""
    return viewer().role.may(role)


def actor() -> str:
    """Return what the audit log calls the viewer."""
    return f"user:{viewer().user_id}"
