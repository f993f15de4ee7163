"""Mail comes by a mailbox and from our own mail server too; it is taken once it is committed, and only once."""

import imaplib
import smtplib
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from starlette.testclient import TestClient

from cli.processes import free_port
from core.store.tables import events, inbox
from gateway import mail_in
from gateway.app import create_app
from tests.gateway import imap_server
from tests.gateway.test_mail import answer, report, verp


@pytest.fixture
def lmtp_port(settings, sqlite_store, now) -> Iterator[int]:
    port = free_port()
    with TestClient(
        create_app(settings.model_copy(update={"lmtp_port": port}), engine=sqlite_store, clock=lambda: now)
    ):
        yield port


@pytest.fixture(scope="module")
def imap_port() -> Iterator[int]:
    if not imap_server.is_installed():
        pytest.skip(imap_server.MISSING)
    with imap_server.running() as port:
        yield port


@pytest.fixture
def mailbox(imap_port, request) -> imaplib.IMAP4:
    """The mailbox of a user of this test alone."""
    imap = imaplib.IMAP4("127.0.0.1", imap_port, timeout=10)
    imap.login(request.node.name[:40], imap_server.PASSWORD)
    imap.select("INBOX")
    return imap


@pytest.fixture
def reading(settings, sqlite_store, now, imap_port, request, monkeypatch) -> Callable[[], TestClient]:
    """The gateway, reading that mailbox."""
    monkeypatch.setattr(mail_in, "_EVERY", 0.05)
    login = {"imap_username": request.node.name[:40], "imap_password": SecretStr(imap_server.PASSWORD)}
    found = settings.model_copy(update={"imap_host": "127.0.0.1", "imap_port": imap_port, **login})
    return lambda: TestClient(create_app(found, engine=sqlite_store, clock=lambda: now))


def wait_for(store: sa.Engine, count: int) -> list[str]:
    """Wait for so many deliveries and return the types of their events."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with store.connect() as connection:
            if connection.execute(sa.select(sa.func.count()).select_from(inbox)).scalar_one() >= count:
                return sorted(connection.execute(sa.select(events.c.event_type)).scalars())
        time.sleep(0.02)
    raise TimeoutError("no mail was taken")


def unseen(mailbox: imaplib.IMAP4) -> list[str]:
    mailbox.noop()
    return mailbox.uid("SEARCH", "UNSEEN")[1][0].split()


def test_our_mail_server_hands_a_bounce_over_and_the_envelope_says_what_it_is_about(
    lmtp_port, sqlite_store, rows, sent
):
    raw = report(
        "0198c0de-0000-7000-8000-00000000dead", to="undisclosed@relay.example"
    )  # its header names nothing of ours
    with smtplib.LMTP("127.0.0.1", lmtp_port) as server:
        refused = server.sendmail("", [verp(sent["email"])], raw)

    assert refused == {}
    assert [row["status"] for row in rows("messages") if row["channel"] == "email"] == ["failed"]


def test_our_mail_server_gets_an_answer_for_each_recipient_and_a_repeat_counts_once(lmtp_port, rows, sent):
    with smtplib.LMTP("127.0.0.1", lmtp_port) as server:
        server.ehlo_or_helo_if_needed()
        for _ in range(2):
            server.mail("malee@hotel.example")
            server.rcpt("hello@bmasia.example")
            server.rcpt("info@bmasia.example")
            assert [server.data(answer(sent["email"]))[0], server.getreply()[0]] == [250, 250]

    assert [row["event_type"] for row in rows("events")] == ["replied"]
    assert len(rows("inbox")) == 1


def test_our_mail_server_is_told_to_come_back_while_the_store_is_away(lmtp_port, sqlite_store, sent):
    with sqlite_store.begin() as connection:
        connection.execute(sa.text("drop table inbox"))
    with smtplib.LMTP("127.0.0.1", lmtp_port) as server, pytest.raises(smtplib.SMTPDataError) as refused:
        server.sendmail("", ["hello@x.example"], answer(sent["email"]))

    assert refused.value.smtp_code == 451


def test_a_mailbox_is_read_and_what_is_committed_is_marked_as_seen(mailbox, reading, sqlite_store, sent):
    for raw in (report(sent["email"]), answer(sent["email"]), b"Subject: no relation to us\r\n\r\nhello"):
        mailbox.append("INBOX", None, None, raw)
    with reading():
        assert wait_for(sqlite_store, 3) == ["bounced", "replied"]
        deadline = time.monotonic() + 10
        while unseen(mailbox) and time.monotonic() < deadline:
            time.sleep(0.02)

    assert unseen(mailbox) == []


def test_a_mail_stays_unseen_while_the_store_is_away_and_is_taken_later(mailbox, reading, sqlite_store, sent):
    mailbox.append("INBOX", None, None, answer(sent["email"]))
    with sqlite_store.begin() as connection:
        connection.execute(sa.text("alter table inbox rename to away"))
    with reading():
        time.sleep(0.5)
        assert len(unseen(mailbox)) == 1
        with sqlite_store.begin() as connection:
            connection.execute(sa.text("alter table away rename to inbox"))
        assert wait_for(sqlite_store, 1) == ["replied"]
