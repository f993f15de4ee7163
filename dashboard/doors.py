"""Who gets in: before Streamlit sees a request or a websocket, its cookie must name a session.

Without BMA_JWT_SECRET everything is closed. BMA_DASHBOARD_ROLE opens it to this machine alone, for a demo.
"""

import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import PermanentError, TransientError
from core.logs import get_logger
from core.people import People, Person, read_access_token
from core.settings import Settings
from core.vocabulary import Role
from dashboard.sessions import Session, Sessions

COOKIE = "bma_session"
SIGN_IN = "/sign-in"
_OPEN_PATHS = frozenset({SIGN_IN, "/_stcore/health", "/healthz"})
_FONTS = "/app/static/"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", "[::1]"})
_RENEW_BEFORE = 60.0
_POLICY_VIOLATION = 1008


def demo_viewer(settings: Settings) -> Person | None:
    """Return who everybody on this machine is in a demo, else None."""
    return Person("demo", "Demo", Role(settings.dashboard_role)) if settings.dashboard_role else None


def is_this_machine(scope: Scope) -> bool:
    """Say whether a request comes from this machine itself: no proxy, no foreign page that calls itself localhost."""
    headers = Headers(scope=scope)
    host = headers.get("host", "").rsplit(":", 1)[0] if not headers.get("host", "").endswith("]") else headers["host"]
    is_passed_on = "x-forwarded-for" in headers or "forwarded" in headers
    return (scope.get("client") or ("",))[0] in _LOOPBACK and host in _LOOPBACK and not is_passed_on


def session_id_of(headers: Headers) -> str:
    """Return what the cookie holds, or nothing."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


class Guard:
    """Keeps sessions true: a person's role is the CRM's of the last five minutes, their token is renewed in time."""

    def __init__(
        self, settings: Settings, people: People, sessions: Sessions, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings, self.people, self.sessions, self._clock = settings, people, sessions, clock
        self.secret = settings.jwt_secret.get_secret_value()

    async def find(self, session_id: str) -> Session | None:
        """Return the session if it still counts."""
        session = self.sessions.find(session_id)
        if session is None:
            return None
        try:
            await self._renew(session)
            session.person = await self.people.find(session.person.user_id, session.tokens.access)
        except TransientError as error:  # the CRM is away: what it said last holds until the session ends
            get_logger().warning("crm_away", reason=str(error))
        except PermanentError:
            self.sessions.close(session_id)
            return None
        return session

    async def _renew(self, session: Session) -> None:
        try:
            until = read_access_token(session.tokens.access, self.secret).until
        except PermanentError:
            until = 0.0
        if until - self._clock() < _RENEW_BEFORE and session.tokens.refresh:
            access = await self.people.renew(session.tokens.refresh)
            session.tokens = session.tokens._replace(access=access)


class SignedInOnly:
    """Lets through who is signed in; a websocket that is not gets no answer but its refusal."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in {"http", "websocket"} or self._is_open_to_all(scope):
            await self._app(scope, receive, send)
            return
        session_id = session_id_of(Headers(scope=scope))
        session = await self._guard.find(session_id)
        if session is None and not (self._guard.settings.dashboard_role and is_this_machine(scope)):
            await self._refuse(scope, receive, send)
            return
        await self._app(scope, self._watched(receive, session_id) if session else receive, send)

    def _is_open_to_all(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return scope["type"] == "http" and (path in _OPEN_PATHS or (path.startswith(_FONTS) and ".." not in path))

    def _watched(self, receive: Receive, session_id: str) -> Receive:
        """Look again at every message of a websocket: roles change and sessions end while a page stays open."""

        async def watched() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                await self._guard.find(session_id)  # the page says so itself when there is none any more
            return message

        return watched

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("sign in first", 401)
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='')}", 303, {"Cache-Control": "no-store"})


def set_cookie(response: Response, session: Session, scope: Any, now: float) -> None:
    """Give the browser the session's number; no script can read it, no other site can send it along."""
    is_secure = scope["scheme"] == "https" or Headers(scope=scope).get("x-forwarded-proto") == "https"
    seconds = int(session.until - now)
    response.set_cookie(COOKIE, session.session_id, max_age=seconds, httponly=True, samesite="lax", secure=is_secure)
