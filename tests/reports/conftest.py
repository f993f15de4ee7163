"""A published copy with some days of messages, a mail server that takes letters, and a CRM that knows its staff."""

import email
import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from cli.processes import free_port
from core.settings import Settings
from sandbox.crm import StandInCrm
from sandbox.crm_world import make_world
from tests.warehouse.conftest import add, make_raw_tables
from warehouse.build import build
from warehouse.connect import connect
from warehouse.publish import publish

ALLOWED = "boss@bma.example"
COUNTED = {"email": 5, "line": 3, "whatsapp": 2}


class Mailbox:
    """Takes letters; ``refuses`` are replies by address, each given once."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refuses: dict[str, list[str]] = {}

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if replies := self.refuses.get(address):
            return replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- as above
        assert isinstance(envelope.content, bytes)
        letter = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 OK"

    def to(self) -> list[str]:
        """To whom letters went, in order of the addresses."""
        return sorted(str(letter["To"]) for letter in self.letters)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def crm_url(now: datetime) -> Iterator[str]:
    """A stand-in CRM that listens."""
    app = StandInCrm(make_world(2, 1, now), now, username="ada", password="p", secret="s" * 32).app()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def settings(tmp_path: Path, mailbox: Mailbox, crm_url: str) -> Iterator[Settings]:
    """An installation whose email is open."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield Settings(
        _env_file=None,
        data_dir=tmp_path,
        smtp_host="127.0.0.1",
        smtp_port=controller.port,
        smtp_from="BMA รายงาน <reports@bma.example>",
        link_secret="k" * 32,
        crm_url=crm_url,
        crm_username="ada",
        crm_password="p",
        test_addresses=ALLOWED,
    )
    controller.stop()


@pytest.fixture(scope="session")
def days_of_messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten messages over three channels, the newest first: one a day of each. Published once, copied by each test."""
    folder, now = tmp_path_factory.mktemp("reports"), datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    with connect(folder / "warehouse.duckdb") as connection:
        make_raw_tables(connection)
        for channel, count in COUNTED.items():
            for number in range(count):
                at = now - timedelta(days=number)
                message = {"message_id": f"{channel}{number}", "campaign_id": "renewal", "run_id": "r"}
                message |= {"channel": channel, "address": f"p{number}@hotel.example", "status": "delivered"}
                add(connection, "journal__messages", {**message, "planned_at": at, "accepted_at": at})
        build(connection, now=now)
        publish(connection, folder / "serve", now)
    return folder / "serve"


@pytest.fixture
def published(days_of_messages: Path, settings: Settings) -> None:
    """What readers of the installation see."""
    shutil.copytree(days_of_messages, settings.serve_dir)
