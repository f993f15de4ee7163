"""What every request of the API passes: an id, a limit of size and time, and one line in the log."""

import asyncio
import re
import time

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import traces
from core.ids import random_id
from core.logs import get_logger
from core.metrics import meters
from gateway.problems import API, answer

LARGEST_BODY = 256 * 1024
_SECONDS = 30.0
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})  # who asks could make up as many as they like
_GIVEN_ID = re.compile(r"[\w.-]{8,64}")


class Requests:
    """ASGI middleware. Webhooks and tracking pass untouched but for the id: they have limits of their own."""

    def __init__(self, app: ASGIApp, *, seconds: float = _SECONDS) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        passing = _Passing(scope, receive, send)
        with (
            structlog.contextvars.bound_contextvars(request_id=passing.request_id),
            traces.span("request", parents=[passing.given("traceparent")]) as found,
        ):
            try:
                await self._serve(passing)
            finally:  # a fault of ours is answered further out
                passing.status = passing.status or 500
                found |= {"http.route": passing.route, "http.response.status_code": passing.status}
                passing.tell()

    async def _serve(self, passing: "_Passing") -> None:
        request = Request(passing.scope)
        try:
            async with asyncio.timeout(self._seconds):
                await self._app(passing.scope, passing.receive, passing.send)
        except TimeoutError:
            if not passing.status:  # else the answer is on its way, and breaking it off is all that is left
                refused = answer(request, 503, "too-slow", f"not done within {self._seconds:g} s: ask for less")
                await refused(passing.scope, passing.receive, passing.send)


class _Passing:
    """One request on its way through."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        given = self.given("x-request-id") or ""
        self.request_id = given if _GIVEN_ID.fullmatch(given) else random_id()
        self.scope.setdefault("state", {})["request_id"] = self.request_id
        self._receive, self._send = receive, send
        self._began = time.monotonic()
        self._size = 0
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > LARGEST_BODY:
            raise HTTPException(413, f"a request of the API has at most {LARGEST_BODY // 1024} KiB")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            rates = self.scope["state"].get("rate_headers", {})
            known = {name.lower() for name, _ in message["headers"]}
            more = {"X-Request-ID": self.request_id, **rates}
            message["headers"] = [
                *message["headers"],
                *((k.encode(), v.encode()) for k, v in more.items() if k.lower().encode() not in known),
            ]
        await self._send(message)

    def given(self, header: str) -> str | None:
        """Return a header of the request."""
        found = dict(self.scope["headers"]).get(header.encode())
        return None if found is None else found.decode("latin-1")

    @property
    def route(self) -> str:
        """The route as it is written below ``/api/v1``, ids left out; empty where there is none."""
        return getattr(self.scope.get("route"), "path_format", "")

    def tell(self) -> None:
        """Count the request and write its line into the log."""
        seconds = time.monotonic() - self._began
        method = self.scope["method"] if self.scope["method"] in _METHODS else "other"
        meters().requests.labels(method, self.route, self.status).inc()
        meters().request_seconds.labels(self.route).observe(seconds)
        get_logger().info(
            "request",
            action=f"{self.scope['method']} {self.scope['path']}",
            status=self.status,
            user_id=self.scope["state"].get("actor"),
            duration_ms=round(seconds * 1000),
        )
