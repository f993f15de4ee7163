"""The gateway over a real store, every door open, and a message that was sent."""

import base64
import hashlib
import hmac
import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import sqlalchemy as sa
import structlog
from starlette.testclient import TestClient

from core.logs import configure_logs
from core.settings import Settings
from core.store import ledger, outbox
from core.store.tables import events, inbox, messages, suppressions
from gateway.app import create_app
from tests.campaigns.conftest import Town
from tests.warehouse.conftest import make_raw_tables
from warehouse.build import build
from warehouse.connect import connect
from warehouse.publish import publish

SECRETS = {
    "whatsapp_app_secret": "appsecret",
    "whatsapp_verify_token": "verifytoken",
    "line_channel_secret": "channelsecret",
    "smtp_inbound_secret": "inboundsecret",
    "crm_webhook_secret": "crmsecret",
    "link_secret": "linksecret",
    "jwt_secret": "jwtsecret-of-at-least-32-characters",
}
_LEASE = timedelta(minutes=1)
LINE_USER = "U" + "1" * 32
ADDRESSES = {"email": "malee@hotel.example", "whatsapp": "+66812345678", "line": LINE_USER}


def signed(path: str, body: bytes) -> dict[str, str]:
    """Sign a body as the sender of that door does."""
    if path == "/webhooks/line":
        digest = hmac.new(b"channelsecret", body, hashlib.sha256).digest()
        return {"x-line-signature": base64.b64encode(digest).decode()}
    secret, name = {
        "/webhooks/whatsapp": (b"appsecret", "x-hub-signature-256"),
        "/webhooks/email/inbound": (b"inboundsecret", "x-bma-signature"),
        "/webhooks/crm": (b"crmsecret", "x-bma-signature"),
    }[path]
    return {name: f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with every door open."""
    return Settings(_env_file=None, data_dir=tmp_path, **SECRETS)


# The CRM's people, by user id: the roles it knows, and one it does not.
CRM_ROLES = {"ada": "Admin", "nok": "Sales", "fin": "Finance", "tek": "Tech", "new": "Intern"}


class Crm:
    """The CRM's word on whose token it is; it counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False
        self.roles = dict(CRM_ROLES)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.is_away:
            raise httpx.ConnectError("away", request=request)
        token = request.headers["authorization"].removeprefix("Bearer ")
        user_id = jwt.decode(token, options={"verify_signature": False})["user_id"]
        if user_id not in self.roles:
            return httpx.Response(401, json={"detail": "User not found", "code": "user_not_found"})
        return httpx.Response(
            200, json={"id": user_id, "username": user_id, "full_name": user_id.title(), "role": self.roles[user_id]}
        )


def access_token(user_id: str = "ada", **claims: Any) -> str:
    """Sign a token as the CRM does."""
    content = {"token_type": "access", "exp": 4102444800, "user_id": user_id, **claims}
    return jwt.encode(content, SECRETS["jwt_secret"], algorithm="HS256")


def signed_in(user_id: str = "ada") -> dict[str, str]:
    """Return the headers of a person who signed in to the CRM."""
    return {"Authorization": f"Bearer {access_token(user_id)}"}


@pytest.fixture
def crm() -> Crm:
    """The CRM that says who people are."""
    return Crm()


@pytest.fixture
def client(sqlite_store: sa.Engine, settings: Settings, now: datetime, crm: Crm) -> Iterator[TestClient]:
    """The gateway, running."""
    app = create_app(settings, engine=sqlite_store, clock=lambda: now, crm=httpx.MockTransport(crm))
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def log_as_a_gateway(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], Callable[[], str]]]:
    """Return what makes this test log as a gateway does; that returns what reads what was said."""
    hooks, handlers, level = (sys.excepthook, threading.excepthook), logging.root.handlers[:], logging.root.level

    def begin() -> Callable[[], str]:
        configure_logs("gateway")
        return lambda: "".join(capfd.readouterr())

    yield begin
    structlog.reset_defaults()
    logging.captureWarnings(False)
    logging.root.handlers[:], logging.root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture
def deliver(client: TestClient) -> Callable[..., int]:
    """Deliver a signed body; returns the status."""

    def post(path: str, body: bytes) -> int:
        return client.post(path, content=body, headers=signed(path, body)).status_code

    return post


@pytest.fixture
def sent(sqlite_store: sa.Engine, now: datetime) -> dict[str, str]:
    """One accepted message per channel: its id by channel."""
    found = {}
    with sqlite_store.begin() as connection:
        for number, (channel, address) in enumerate(ADDRESSES.items(), 1):
            key = f"0198c0de-0000-7000-8000-00000000000{number}"
            ledger.plan(connection, [_row(key, channel, address)], now)
            outbox.claim_fairly(connection, channel=channel, worker="w", limit=1, now=now, lease=_LEASE)
            ledger.accept(connection, [ledger.Receipt(key, f"{channel}-1")], now)
            found[channel] = key
    return found


def _row(key: str, channel: str, address: str) -> dict[str, Any]:
    return {
        "message_id": key,
        "campaign_id": "renewal",
        "run_id": "r1",
        "step": "renewal_30",
        "variant": "a",
        "contact_id": f"contact-{channel}",
        "company_id": "company",
        "channel": channel,
        "purpose": "renewal",
        "address": address,
        "template_id": "renewal_30",
        "template_version": 1,
        "language": "th",
        "variables": {},
        "subject_type": "contract",
        "subject_id": "s",
        "priority": 5,
        "not_before": None,
        "expires_at": None,
        "snapshot_id": "s",
    }


@pytest.fixture
def rows(sqlite_store: sa.Engine) -> Callable[[str], list[dict[str, Any]]]:
    """Read a table of the store."""
    tables = {"inbox": inbox, "events": events, "messages": messages, "suppressions": suppressions}

    def read(name: str) -> list[dict[str, Any]]:
        with sqlite_store.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(tables[name])).mappings()]

    return read


@pytest.fixture(scope="session")
def published_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published copy: a company whose contacts agreed to different things."""
    moment = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    folder = tmp_path_factory.mktemp("published")
    with connect(folder / "warehouse.duckdb") as connection:
        make_raw_tables(connection)
        town = Town(connection, sa.create_engine("sqlite://"), moment)
        company = town.company(name="Lotus Bay")
        agreed: dict[str, Any] = {"receives_invoice_emails": True}
        town.contact(company, id="malee", email="malee@hotel.example", mobile="0812345678", **agreed)
        town.contact(company, id="somchai", name="Somchai", receives_invoice_emails=False)
        town.contact(company, id="gone", name="Gone", is_active=False, **agreed)
        town.contact(company, id="nowhere", name="Nowhere", email="", **agreed)
        town.contact(company, id="typo", name="Typo", email="", mobile="12", **agreed)
        town.contact(company, id="opted-out", name="Out", unsubscribed=True, **agreed)
        town.settle()
        build(connection, now=moment)
        publish(connection, folder / "serve", moment)
    return folder / "serve"


@pytest.fixture
def place(published_people: Path, settings: Settings, sqlite_store: sa.Engine) -> sa.Engine:
    """The store of an installation that has the copy."""
    shutil.copytree(published_people, settings.serve_dir)
    return sqlite_store
