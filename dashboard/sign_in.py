"""The page where people sign in, with the CRM's user name and password or its token, and the way out."""

import html
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core.clock import utc_now
from core.errors import PermanentError, TransientError
from core.people import Person, Tokens, read_access_token
from core.store import audit, request_counts
from dashboard.doors import COOKIE, SIGN_IN, Guard, session_id_of, set_cookie
from dashboard.parts.words import LANGUAGES, catalogue
from dashboard.store import store

_MOST_BYTES = 20_000
_TRIES_A_MINUTE = 30
_STYLE = """
:root{color-scheme:light dark}
body{font-family:Inter,'Noto Sans Thai',system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;
background:light-dark(#f8fafc,#0e1117);color:light-dark(#1f2937,#f1f5f9);line-height:1.5}
main{width:min(24rem,calc(100vw - 3rem))}h1{font-size:1.5rem;margin:0 0 .25rem}
label{display:block;margin-top:1rem;font-weight:600}
input{width:100%;box-sizing:border-box;padding:.7rem;margin-top:.3rem;font:inherit;border-radius:8px;
border:1px solid light-dark(#94a3b8,#64748b);background:light-dark(#fff,#1e293b);color:inherit}
button{margin:1.25rem 0;width:100%;background:#0f766e;color:#fff;border:0;border-radius:8px;padding:.8rem;font:inherit;
font-weight:600;cursor:pointer}a{color:light-dark(#0f766e,#2dd4bf)}nav{margin-top:1rem}
[role=alert]{background:light-dark(#fef2f2,#450a0a);color:light-dark(#991b1b,#fecaca);padding:.75rem;border-radius:8px}
"""


class Refusal(Exception):  # noqa: N818 -- nothing went wrong but the sign-in
    """Why somebody was not let in: a status and the key of the words for it."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status, self.key = status, key


class SignIn:
    """The routes ``/sign-in`` and ``/sign-out``."""

    def __init__(self, guard: Guard, clock: Callable[[], float] = time.time) -> None:
        self._guard, self._clock = guard, clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(SIGN_IN, self.page, methods=["GET"]),
            Route(SIGN_IN, self.enter, methods=["POST"]),
            Route("/sign-out", self.leave, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """Show the form, or why there is none."""
        return self._page(request)

    async def enter(self, request: Request) -> Response:
        """Open a session for who the CRM knows."""
        try:
            self._check_origin(request)
            await run_in_threadpool(self._count, request)
            person, tokens, until = await self._identify(request)
        except Refusal as refusal:
            return self._page(request, refusal.key, refusal.status)
        session = self._guard.sessions.open(person, tokens, until)
        await run_in_threadpool(_note, person, "sign_in")
        response = RedirectResponse(_inside(request.query_params.get("next", "/")), 303)
        set_cookie(response, session, request.scope, self._clock())
        return response

    async def leave(self, request: Request) -> Response:
        """End the session, in every window of this browser."""
        closed = self._guard.sessions.close(session_id_of(request.headers))
        if closed:
            await run_in_threadpool(_note, closed.person, "sign_out")
        response = RedirectResponse(SIGN_IN, 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    async def _identify(self, request: Request) -> tuple[Person, Tokens, float]:
        form = await request.form()
        token = str(form.get("token", "")).strip()
        try:
            if token:
                tokens = Tokens(token, "")
            else:
                tokens = await self._guard.people.sign_in(str(form.get("username", "")), str(form.get("password", "")))
            claim = read_access_token(tokens.access, self._guard.secret)
            person = await self._guard.people.find(claim.user_id, tokens.access)
        except TransientError:
            raise Refusal(503, "crm_away") from None
        except PermanentError:
            raise Refusal(401, "token_refused" if token else "sign_in_refused") from None
        return person, tokens, float("inf") if tokens.refresh else claim.until

    def _check_origin(self, request: Request) -> None:
        """Take the form from our own page, or from one of the CRM's that may call the API."""
        if not self._guard.secret:
            raise Refusal(404, "dashboard_closed")
        if int(request.headers.get("content-length") or _MOST_BYTES + 1) > _MOST_BYTES:
            raise Refusal(413, "sign_in_refused")
        origin = request.headers.get("origin", "")
        ours = urlsplit(origin).netloc == request.headers.get("host")
        if not ours and origin not in self._guard.settings.api_origins.split():
            raise Refusal(403, "sign_in_elsewhere")

    def _count(self, request: Request) -> None:
        address = request.client.host if request.client else "unknown"
        with store().begin() as connection:
            tries = request_counts.count(connection, f"sign-in:{address}", utc_now())
        if tries > _TRIES_A_MINUTE:
            raise Refusal(429, "sign_in_too_often")

    def _page(self, request: Request, problem: str = "", status: int = 200) -> Response:
        language = request.query_params.get("lang", "")
        if language not in LANGUAGES:
            language = "th" if request.headers.get("accept-language", "").lower().startswith("th") else "en"
        words = {key: html.escape(text) for key, text in catalogue(language).items()}
        if not self._guard.secret:
            problem, status = "dashboard_closed", 404
        alert = f"<p role=alert>{words[problem]}</p>" if problem else ""
        links = " · ".join(
            f"<a lang={key} href='?lang={key}&amp;next={html.escape(_quoted(request), quote=True)}'>{name}</a>"
            for key, name in LANGUAGES.items()
        )
        form = "" if problem == "dashboard_closed" else _form(words, language, _quoted(request))
        text = (
            f"<!doctype html><html lang={language}><meta charset=utf-8><title>BMA Social</title>"
            f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
            f"<main><h1>BMA Social</h1>{alert}{form}<nav>{links}</nav></main></html>"
        )
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "Content-Security-Policy": policy}
        return HTMLResponse(text, status, headers)


def _form(words: dict[str, str], language: str, quoted: str) -> str:
    action = f"{SIGN_IN}?lang={language}&amp;next={html.escape(quoted, quote=True)}"
    return (
        f"<p>{words['sign_in_help']}</p><form method=post action='{action}'>"
        f"<label>{words['username']}<input name=username autocomplete=username autofocus required></label>"
        f"<label>{words['password']}<input name=password type=password autocomplete=current-password required></label>"
        f"<button>{words['sign_in']}</button></form>"
        f"<details><summary>{words['sign_in_by_token']}</summary><form method=post action='{action}'>"
        f"<label>{words['token']}<input name=token autocomplete=off required></label>"
        f"<button>{words['sign_in']}</button></form></details>"
    )


def _quoted(request: Request) -> str:
    return quote(request.query_params.get("next", "/"), safe="")


def _inside(wanted: str) -> str:
    """Return where to go on, never to another site."""
    return wanted if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) else "/"


def _note(person: Person, action: str) -> None:
    with store().begin() as connection:
        audit.write(
            connection,
            actor=f"user:{person.user_id}",
            action=action,
            target="dashboard",
            detail={"role": str(person.role)},
            now=utc_now(),
        )
