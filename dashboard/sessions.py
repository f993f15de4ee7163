"""Who is signed in to this process's dashboard; what the browser holds is a random number and nothing else.

Streamlit keeps a viewer's state in the memory of one process, so the sessions lie there too: a restart ends them.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.people import Person, Tokens
from core.vocabulary import Role

LONGEST_SECONDS = 8 * 3600.0  # a working day
_MOST = 10_000


@dataclass
class Session:
    """One signed-in browser; ``until`` in seconds since 1970 (UTC), ``tokens`` are the CRM's."""

    session_id: str
    person: Person
    tokens: Tokens
    until: float

    @property
    def sees_contact_details(self) -> bool:
        """Whether addresses are shown in the clear."""
        return self.person.role.may(Role.MARKETER)


class Sessions:
    """The sessions that have not ended."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}

    def open(self, person: Person, tokens: Tokens, until: float) -> Session:
        """Begin a session that ends at ``until`` at the latest."""
        now = self._clock()
        if len(self._open) >= _MOST:
            self._open = {key: each for key, each in self._open.items() if each.until > now}
        session = Session(secrets.token_urlsafe(32), person, tokens, min(until, now + LONGEST_SECONDS))
        self._open[session.session_id] = session
        return session

    def find(self, session_id: str) -> Session | None:
        """Return a session that has not ended."""
        session = self._open.get(session_id)
        if session is not None and session.until <= self._clock():
            self.close(session_id)
            return None
        return session

    def close(self, session_id: str) -> Session | None:
        """End a session; every window that shows it is refused from now on."""
        return self._open.pop(session_id, None)


SESSIONS = Sessions()
