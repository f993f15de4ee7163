"""The stand-in CRM: answers as the recordings do, quirks included, as of a clock that can be moved."""

import argparse
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.crm_dealings_rows import ADMIN
from sandbox.crm_faults import Faults
from sandbox.crm_history import World
from sandbox.crm_mcp import answer_mcp
from sandbox.crm_queries import CASCADES, DEFAULT, SINGULAR, RefusalError, matches, ordered, part_of, positive
from sandbox.crm_rows import Rows
from sandbox.crm_staff import USERS
from sandbox.crm_tokens import is_token, machine_token, tokens
from sandbox.crm_webhooks import Webhooks
from sandbox.crm_world import make_world
from sandbox.serving import serve

HTML_500 = (
    '\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Server Error (500)</title>\n</head>\n<body>\n'
    "  <h1>Server Error (500)</h1><p></p>\n</body>\n</html>\n"
)


class StandInCrm:
    """The CRM's state and routes."""

    def __init__(self, world: World, now: datetime, *, username: str, password: str, secret: str) -> None:
        self.world, self.now = world, now
        self.username, self.password, self.secret = username, password, secret
        self.faults = Faults()
        self.mcp_is_on = True
        self.webhooks = Webhooks()
        self._rows: Rows | None = None
        self._last: tuple[Any, Any] = (None, None)

    @property
    def rows(self) -> Rows:
        """Everything as of the clock."""
        if self._rows is None:
            self._rows = Rows(self.world, self.now)
        return self._rows

    def forget(self) -> None:
        """Recompute the rows at the next request."""
        self._rows, self._last = None, (None, None)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/api/v1/auth/login/", self.login, methods=["POST"]),
                Route("/api/v1/auth/refresh/", self.refresh, methods=["POST"]),
                Route("/api/v1/jwt/token/", self.bare_token, methods=["POST"]),
                Route("/api-token-auth/", self.machine_token, methods=["POST"]),
                Route("/api/v1/users/me/", self.me),
                Route("/api/v1/users/", self.users),
                Route("/mcp/", self.mcp, methods=["POST"]),
                Route("/_sandbox/{what}", self.control, methods=["POST"]),
                Route("/api/v1/{kind}/", self.collection, methods=["GET", "POST"]),
                Route("/api/v1/{kind}/{id}/", self.single, methods=["GET", "PATCH", "DELETE"]),
                Route("/{path:path}", self.elsewhere, methods=["GET", "POST", "PATCH", "DELETE"]),
            ]
        )

    async def login(self, request: Request) -> Response:
        """Sign in by name and password; a wrong one is a 400 here, as in the original."""
        if not self._knows(await request.json()):
            return JSONResponse({"non_field_errors": ["Invalid credentials"]}, 400)
        user = {"id": ADMIN, "username": self.username, "full_name": "Ada Admin", "role": "Admin", "is_active": True}
        return JSONResponse({**tokens(self.secret), "user": user})

    async def bare_token(self, request: Request) -> Response:
        """Give tokens without a user; a wrong password is a 401 here."""
        if not self._knows(await request.json()):
            return JSONResponse({"detail": "No active account found with the given credentials"}, 401)
        return JSONResponse(tokens(self.secret))

    async def refresh(self, request: Request) -> Response:
        """Give a new access token."""
        body = await request.json()
        if "refresh" not in body:
            return JSONResponse({"error": "Refresh token is required"}, 400)
        if not is_token(self.secret, body["refresh"], "refresh"):
            return JSONResponse({"error": "Invalid refresh token"}, 401)
        return JSONResponse({"access": tokens(self.secret)["access"]})

    async def machine_token(self, request: Request) -> Response:
        """Give the token that does not expire."""
        if not self._knows(await request.json()):
            return JSONResponse({"non_field_errors": ["Unable to log in with provided credentials."]}, 400)
        return JSONResponse({"token": machine_token(self.secret)})

    async def me(self, request: Request) -> Response:
        """Tell who is signed in."""
        if refused := self._refuse(request):
            return refused
        return JSONResponse({"id": ADMIN, "username": self.username, "role": "Admin", "full_name": "Ada Admin"})

    async def users(self, request: Request) -> Response:
        """List who may sign in."""
        if refused := self._refuse(request):
            return refused
        return JSONResponse({"count": len(USERS), "next": None, "previous": None, "results": USERS})

    async def mcp(self, request: Request) -> Response:
        """Answer the agent tool door, with the token that does not expire only."""
        if not self.mcp_is_on:
            return JSONResponse({"detail": "Not found."}, 404)
        if request.headers.get("authorization") != f"Token {machine_token(self.secret)}":
            return JSONResponse({"error": "Unauthorized"}, 401)
        return JSONResponse(answer_mcp(await request.json(), self.rows))

    async def collection(self, request: Request) -> Response:
        """List or create."""
        kind = request.path_params["kind"]
        if fault := await self.faults.strike(request.url.path):
            return fault
        if refused := self._refuse(request):
            return refused
        if kind not in DEFAULT:
            return JSONResponse({"detail": "Not found."}, 404)
        if request.method == "POST":
            return await self._create(kind, request)
        try:
            return JSONResponse(self.faults.bend(kind, self._page(kind, request)))
        except RefusalError as refusal:
            if kind == "companies":
                return JSONResponse(
                    {"error": "Failed to retrieve companies", "detail": str(refusal.body), "type": refusal.kind}, 500
                )
            return JSONResponse(refusal.body, refusal.status)

    async def single(self, request: Request) -> Response:
        """Show, change or delete one row."""
        kind, key = request.path_params["kind"], request.path_params["id"]
        if refused := self._refuse(request):
            return refused
        if kind == "companies" and key == "simple":
            rows = self.rows.tables["companies"].values()
            return JSONResponse([{name: row[name] for name in ("id", "name", "billing_entity")} for row in rows])
        row = self.rows.tables.get(kind, {}).get(key)
        if row is None:
            return JSONResponse({"detail": f"No {SINGULAR.get(kind, 'row')} matches the given query."}, 404)
        if request.method == "DELETE":
            self._delete(kind, key)
            return Response(status_code=204)
        if request.method == "PATCH":
            hidden = {"unsubscribed", "receives_notifications", "preferred_language", "notification_types"}
            changes = {
                name: value for name, value in (await request.json()).items() if name in row and name not in hidden
            }
            self._entity(kind, key).change(self.now, **changes)
            self.forget()
            self.webhooks.tell([(kind, key)], self.now)
            row = self.rows.tables[kind][key]
        return JSONResponse(self.rows.show(kind, row))

    async def elsewhere(self, request: Request) -> Response:
        """Redirect a path without its slash, as Django does; anything else is not found."""
        if not request.url.path.endswith("/"):
            return RedirectResponse(f"{request.url.path}/", 301)
        return HTMLResponse("Not Found", 404)

    async def control(self, request: Request) -> Response:
        """Move the clock, set faults, edit, delete or show all rows: for tests and the demo."""
        body, what = await request.json(), request.path_params["what"]
        if what == "clock":
            self.now = datetime.fromisoformat(body["now"])
        elif what == "faults":
            self.faults.add(**body)
        elif what == "mcp":
            self.mcp_is_on = bool(body["is_on"])
        elif what == "edit":
            self._entity(body["entity"], body["id"]).change(self.now, silent=not body["touch"], **body["changes"])
            if body["touch"]:
                self.webhooks.tell([(body["entity"], body["id"])], self.now)
        elif what == "rows":
            rows = self.rows.tables[body["kind"]].values()
            return JSONResponse([self.rows.show(body["kind"], row) for row in rows])
        elif what == "delete":
            self._delete(body["entity"], body["id"])
        self.forget()
        return JSONResponse({"now": self.now.isoformat()})

    def _page(self, kind: str, request: Request) -> dict[str, Any]:
        query = request.query_params
        rows, keys = self._selected(kind, query)
        size = positive(query.get("page_size"), 20, 1000)
        number = positive(query.get("page"), 1, 10**9)
        if number > 1 and (number - 1) * size >= len(rows):
            raise RefusalError(404, {"detail": "Invalid page."}, "NotFound", "Invalid page.")
        part = part_of(rows, keys, number, size) if rows else []
        here = request.url.include_query_params
        return {
            "count": len(rows),
            "next": str(here(page=number + 1)) if number * size < len(rows) else None,
            "previous": str(here(page=number - 1)) if number > 1 else None,
            "results": [self.rows.show(kind, row) for row in part],
        }

    def _selected(self, kind: str, query: QueryParams) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
        """Filter and order a collection; the next page of the same question finds it done."""
        asked = (
            kind,
            tuple(sorted((name, value) for name, value in query.items() if name not in {"page", "page_size"})),
        )
        if self._last[0] != asked:
            rows = [row for row in self.rows.tables[kind].values() if matches(kind, row, dict(query))]
            self._last = (asked, ordered(kind, rows, query.get("ordering", "")))
        return self._last[1]

    async def _create(self, kind: str, request: Request) -> Response:
        if kind != "notes":
            return JSONResponse({"detail": f'Method "{request.method}" not allowed.'}, 405)
        try:
            body = await request.json()
        except json.JSONDecodeError as error:
            return JSONResponse({"detail": f"JSON parse error - {error}"}, 400)
        missing = {name: ["This field is required."] for name in ("company", "text") if not body.get(name)}
        if missing:
            return JSONResponse(missing, 400)
        note = self.world.new("notes", str(uuid.uuid4()), self.now, **body)
        self.forget()
        self.webhooks.tell([("notes", note.id)], self.now)
        return JSONResponse(self.rows.show("notes", self.rows.tables["notes"][note.id]), 201)

    def _delete(self, kind: str, key: str) -> None:
        self._remove(kind, key)
        self.webhooks.tell([(kind, key)], self.now)
        self.forget()

    def _remove(self, kind: str, key: str) -> None:
        self._entity(kind, key).deleted = self.now
        for child, owner in CASCADES.get(kind, ()):
            for entity in self.world.entities[child]:
                if entity.values[owner] == key and not entity.deleted:
                    self._remove(child, entity.id)

    def _entity(self, kind: str, key: str) -> Any:
        return next(entity for entity in self.world.entities[kind] if entity.id == key)

    def _knows(self, body: dict[str, Any]) -> bool:
        return body.get("username") == self.username and body.get("password") == self.password

    def _refuse(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "Token" and token == machine_token(self.secret):
            return None
        if scheme != "Bearer":
            return JSONResponse({"detail": "Authentication credentials were not provided."}, 401)
        if is_token(self.secret, token, "access"):
            return None
        return JSONResponse(
            {"detail": "Given token not valid for any token type", "code": "token_not_valid", "messages": []}, 401
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Name the command's options."""
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--as-of", help="the clock's start, ISO with offset; default now")
    parser.add_argument("--base", help="the day around which the world is made; default the clock's start")
    parser.add_argument("--username", default="admin")
    parser.add_argument("--password", default="fake-password")
    parser.add_argument("--jwt-secret", default="sandbox-jwt-secret-of-32-characters!")
    parser.add_argument("--webhook-url", default="", help="where changes are told; empty: nowhere")
    parser.add_argument("--webhook-secret", default="", help="what signs them")


def run(arguments: argparse.Namespace) -> None:
    """Serve until stopped."""
    now = datetime.fromisoformat(arguments.as_of) if arguments.as_of else datetime.now(UTC)
    base = datetime.fromisoformat(arguments.base) if arguments.base else now
    world = make_world(arguments.companies, arguments.seed, base)
    crm = StandInCrm(world, now, username=arguments.username, password=arguments.password, secret=arguments.jwt_secret)
    crm.webhooks = Webhooks(arguments.webhook_url, arguments.webhook_secret)
    serve(crm.app(), arguments.port)
