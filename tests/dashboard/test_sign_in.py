"""Who gets into the dashboard: the CRM's people, with the role of now, for a working day at most."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import jwt
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

import dashboard.store
from core.people import People
from core.settings import Settings, load_settings
from core.store.tables import audit, users
from core.vocabulary import Role
from dashboard.doors import COOKIE, Guard, SignedInOnly
from dashboard.sessions import Sessions
from dashboard.sign_in import SignIn
from sandbox.crm import StandInCrm
from sandbox.crm_dealings_rows import ADMIN
from sandbox.crm_world import make_world

SECRET = "jwtsecret-of-at-least-32-characters"
HERE = {"origin": "http://testserver"}
WHO = {"username": "admin", "password": "fake-password"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def crm() -> StandInCrm:
    now = datetime.now(UTC)
    return StandInCrm(make_world(2, 7, now), now, username="admin", password="fake-password", secret=SECRET)


@pytest.fixture
def opened(tmp_path, monkeypatch, crm, clock) -> Iterator:
    """Return what opens a dashboard with some settings, as a client of it."""
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()
    dashboard.store.store.cache_clear()

    def open_doors(**settings):
        given = {"jwt_secret": SecretStr(SECRET), **settings}
        kept = Settings(_env_file=None, data_dir=tmp_path, crm_url="http://crm.test", **given)
        people = People(
            kept.crm_url, dashboard.store.store(), transport=httpx.ASGITransport(crm.app()), monotonic=clock
        )
        guard = Guard(kept, people, Sessions(clock), clock)

        async def inside(request: Request) -> PlainTextResponse:
            session = guard.sessions.find(request.cookies.get(COOKIE, ""))
            return PlainTextResponse(str(session.person.role) if session else "nobody")

        async def stream(websocket: WebSocket) -> None:
            await websocket.accept()
            async for _ in websocket.iter_text():
                await websocket.send_text(str(guard.sessions.find(websocket.cookies.get(COOKIE, "")) is not None))

        routes = [*SignIn(guard, clock).routes(), Route("/{path:path}", inside), WebSocketRoute("/stream", stream)]
        app = Starlette(routes=routes, middleware=[Middleware(SignedInOnly, guard=guard)])
        return TestClient(app, follow_redirects=False, client=("127.0.0.1", 50000))

    yield open_doors
    dashboard.store.store().dispose()
    dashboard.store.store.cache_clear()
    load_settings.cache_clear()


def sign_in(client, form=WHO, headers=HERE, wanted="/campaigns"):
    return client.post(f"/sign-in?next={wanted}", data=form, headers=headers)


def test_who_is_not_signed_in_is_sent_to_the_form_and_back_and_gets_no_websocket(opened):
    client = opened()

    assert client.get("/campaigns?lang=th").headers["location"] == "/sign-in?next=%2Fcampaigns%3Flang%3Dth"
    assert client.post("/_stcore/upload").status_code == 401
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/stream"):
        pass
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/campaigns")
    assert client.get("/campaigns").text == "admin"


def test_the_cookie_is_for_the_browser_alone_and_says_nothing(opened):
    cookie = sign_in(opened()).headers["set-cookie"].lower()

    assert "httponly" in cookie and "samesite=lax" in cookie
    assert "eyj" not in cookie and "admin" not in cookie


def test_a_wrong_password_opens_nothing_and_is_not_repeated(opened):
    answer = sign_in(opened(), {"username": "admin", "password": "guessed-password"})

    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    assert "does not know" in answer.text and "guessed-password" not in answer.text


def test_the_crms_own_token_signs_in_until_it_is_over(opened, clock):
    claims = {"token_type": "access", "exp": int(clock.now) + 1800, "user_id": ADMIN}
    client = opened()

    assert sign_in(client, {"token": jwt.encode(claims, "x" * 40, "HS256")}).status_code == 401
    assert sign_in(client, {"token": jwt.encode(claims, SECRET, "HS256")}).status_code == 303
    assert client.get("/").text == "admin"
    clock.now += 1801
    assert client.get("/").status_code == 303


def test_a_session_ends_after_a_working_day_and_a_page_left_open_notices(opened, clock):
    client = opened()
    sign_in(client)
    with client.websocket_connect("/stream") as websocket:
        websocket.send_text("rerun")
        assert websocket.receive_text() == "True"
        clock.now += 8 * 3600 + 1
        websocket.send_text("rerun")
        assert websocket.receive_text() == "False"

    assert client.get("/").status_code == 303


def test_who_signs_out_is_out_in_every_window_and_both_are_in_the_audit_log(opened):
    client = opened()
    sign_in(client)
    stolen = client.cookies[COOKIE]

    client.get("/sign-out")

    assert client.get("/", headers={"cookie": f"{COOKIE}={stolen}"}).status_code == 303
    with dashboard.store.store().connect() as connection:
        lines = connection.execute(audit.select().order_by(audit.c.audit_id)).all()
    assert [(line.actor, line.action) for line in lines] == [
        (f"user:{ADMIN}", "sign_in"),
        (f"user:{ADMIN}", "sign_out"),
    ]


def test_a_role_taken_away_counts_within_five_minutes(opened, clock):
    client = opened()
    sign_in(client)
    now = datetime.now(UTC)
    with dashboard.store.store().begin() as connection:
        values = {"user_id": ADMIN, "username": "admin", "role": Role.VIEWER, "created_at": now, "updated_at": now}
        connection.execute(users.insert().values(**values))

    assert client.get("/").text == "admin"
    clock.now += 301
    assert client.get("/").text == "viewer"


@pytest.mark.parametrize("origin", [{}, {"origin": "https://elsewhere.test"}, {"origin": "null"}])
def test_a_form_of_another_site_signs_nobody_in(opened, origin):
    assert sign_in(opened(), headers=origin).status_code == 403
    assert sign_in(opened(api_origins="https://crm.test"), headers={"origin": "https://crm.test"}).status_code == 303


@pytest.mark.parametrize("wanted", ["//elsewhere.test", "https://elsewhere.test", "/%5Celsewhere.test"])
def test_nobody_is_sent_to_another_site(opened, wanted):
    assert sign_in(opened(), wanted=wanted).headers["location"] == "/"


def test_without_the_crms_key_nobody_gets_in(opened):
    client = opened(jwt_secret=SecretStr(""))

    assert client.get("/").status_code == 303
    assert client.get("/sign-in").status_code == 404 and "<form" not in client.get("/sign-in").text
    assert sign_in(client).status_code == 404


def test_a_demo_is_open_to_this_machine_alone(opened):
    client = opened(dashboard_role=Role.ADMIN)
    local = {"host": "127.0.0.1:8501"}

    assert client.get("/", headers=local).status_code == 200
    for foreign in ({"host": "rebound.test"}, {**local, "x-forwarded-for": "203.0.113.9"}):
        assert client.get("/", headers=foreign).status_code == 303


def test_too_many_tries_have_to_wait(opened):
    client = opened()
    wrong = {"username": "admin", "password": "guess"}

    answers = {sign_in(client, wrong).status_code for _ in range(70)}

    assert answers == {401, 429}
