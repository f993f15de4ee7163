"""A LINE user becomes a contact's by a one-time code, is answered in Thai and English; nothing is lost."""

import argparse
import json
import threading
import time
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from pydantic import SecretStr
from starlette.testclient import TestClient

from core import tokens
from core.store import addresses, consents, ledger, line_links
from core.store.address_tables import line_codes
from core.store.line_links import MOST_CODES, MOST_WRONG, Result
from gateway.app import create_app
from sandbox.providers import Providers, add_arguments
from senders.line.events import codes_in
from senders.line.linking import answer_to, invitation
from tests.gateway.conftest import SECRETS, _row, signed, signed_in

USER, OTHER = "U" + "a" * 32, "U" + "b" * 32
SECRET = SECRETS["link_secret"]
PAGE = f"/p/{tokens.sign(SECRET, 'preferences', 'malee')}"


@pytest.fixture(scope="module")
def line_account():
    """The stand-in LINE, served over HTTP: its address, and what it was told to answer by reply token."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    providers = Providers(parser.parse_args([]))
    server = uvicorn.Server(uvicorn.Config(providers.app(), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", providers.line_replies.taken
    server.should_exit = True
    thread.join()


@pytest.fixture
def replies(line_account):
    """What people were answered in this test, by reply token."""
    line_account[1].clear()
    return line_account[1]


@pytest.fixture
def gateway(line_account, replies, place, settings, now, crm):
    """The gateway with a LINE account; leaving it waits until every answer was sent."""
    own = {"line_url": line_account[0], "line_token": SecretStr("sandbox-line-token"), "line_account": "@bmasia"}
    opened = settings.model_copy(update=own)

    def start():
        app = create_app(opened, engine=place, clock=lambda: now, crm=httpx.MockTransport(crm))
        return TestClient(app, follow_redirects=False, raise_server_exceptions=False)

    return start


@pytest.fixture
def say(gateway, now):
    """Let LINE users write: (user, text) or a whole event, at the clock's time or a given one."""

    def deliver(*said, at=now, source="user"):
        found = [
            {
                "type": "message",
                "message": {"type": "text", "id": "1", "text": text},
                "mode": "active",
                "timestamp": int(at.timestamp() * 1000) + number,
                "webhookEventId": f"01{abs(hash((user, text, at, number)))}",
                "source": {"type": source, "userId": user},
                "replyToken": f"reply-{number}",
                **more,
            }
            for number, (user, text, *rest) in enumerate(said)
            for more in [rest[0] if rest else {}]
        ]
        body = json.dumps({"destination": "U0", "events": found}).encode()
        with gateway() as client:
            return client.post("/webhooks/line", content=body, headers=signed("/webhooks/line", body)).status_code

    return deliver


@pytest.fixture
def issue(place, now):
    def make(contact_id="malee", at=now):
        with place.begin() as connection:
            return line_links.issue(
                connection, contact_id, secret=SECRET, source="staff", issued_by="ada", shown=invitation(), now=at
            ).text

    return make


@pytest.fixture
def linked(place):
    def read(contact_id="malee"):
        with place.connect() as connection:
            return {each["address"]: each["state"] for each in addresses.known(connection, contact_id)}

    return read


def test_a_code_links_once_is_answered_in_both_languages_and_proves_what_was_agreed(say, issue, linked, replies, place):
    code = issue()
    assert say((USER, f"สวัสดีค่ะ รหัส{code.lower()}ค่ะ")) == 200

    assert linked() == {USER: "confirmed"}
    assert replies == {"reply-0": answer_to(Result.LINKED)}
    assert "เชื่อมต่อ" in replies["reply-0"] and "now connected" in replies["reply-0"]
    with place.connect() as connection:
        (known,), (said,) = addresses.known(connection, "malee"), consents.history(connection, "malee")
    assert (known["source"], known["confidence"]) == ("line_code", 1.0)
    assert (said["channel"], said["state"], said["source"]) == ("line", "given", "line_code")
    assert said["proof"]["shown"] == invitation()
    assert said["proof"]["code_from"] == "staff: ada"
    assert said["proof"]["line_user_id"] == USER


def test_the_code_itself_is_nowhere_in_the_table_of_codes(issue, place):
    code = issue()
    with place.connect() as connection:
        (row,) = connection.execute(sa.select(line_codes)).mappings()

    assert code not in str(dict(row))
    assert row["code_hash"] == line_links.digest(SECRET, code) != line_links.digest("other", code)


def test_a_code_is_for_one_person_and_who_sends_it_again_is_still_linked(say, issue, linked, replies):
    code = issue()
    say((USER, code), (OTHER, code), (USER, code))

    assert linked() == {USER: "confirmed"}
    assert [*replies.values()] == [answer_to(each) for each in (Result.LINKED, Result.USED, Result.LINKED)]


@pytest.mark.parametrize(
    ("said", "days", "result"),
    [("BMA-ZZZZZZZZ", 0, Result.UNKNOWN), (None, 8, Result.EXPIRED), (None, 6, Result.LINKED)],
)
def test_a_code_that_is_wrong_or_too_old_is_answered_and_what_was_said_is_kept(
    say, issue, linked, replies, rows, now, said, days, result
):
    code = issue(at=now - timedelta(days=days))
    say((USER, said or code))

    assert replies == {"reply-0": answer_to(result)}
    assert linked() == ({USER: "confirmed"} if result is Result.LINKED else {})
    assert [(each["event_type"], each["detail"]["text"]) for each in rows("events")] == [("replied", said or code)]
    assert [each["state"] for each in rows("inbox")] == ["applied"]


def test_a_code_sent_in_time_counts_although_the_gateway_was_away_meanwhile(say, issue, linked, now):
    code = issue(at=now - timedelta(days=8))
    say((USER, code), at=now - timedelta(days=2))

    assert linked() == {USER: "confirmed"}


def test_who_guesses_is_not_listened_to_for_an_hour_and_then_again(say, issue, linked, replies, now):
    code = issue()
    wrong = [(USER, f"BMA-AAAAAAA{digit}") for digit in range(2, 2 + MOST_WRONG)]
    say(*wrong, (USER, code), (OTHER, "BMA-BBBBBBBB"))
    assert replies[f"reply-{MOST_WRONG}"] == answer_to(Result.TOO_MANY)
    assert replies[f"reply-{MOST_WRONG + 1}"] == answer_to(Result.UNKNOWN)
    assert linked() == {}

    say((USER, code), at=now + timedelta(minutes=61))

    assert linked() == {USER: "confirmed"}


def test_a_new_code_voids_the_last_one_and_five_a_day_are_enough(say, issue, linked, now):
    first = issue()
    for _ in range(MOST_CODES - 1):
        newest = issue()
    with pytest.raises(Exception, match="within a day"):
        issue()
    say((USER, first))
    assert linked() == {}

    say((USER, newest))
    assert linked() == {USER: "confirmed"}
    assert issue(at=now + timedelta(days=1, minutes=1))


def test_an_account_link_gives_its_code_as_a_nonce_and_a_redelivery_links_nobody_twice(say, issue, linked, replies):
    event = {"type": "accountLink", "webhookEventId": "01LINK"}
    event["link"] = {"result": "ok", "nonce": issue()}
    say((USER, "", event))
    say((USER, "", {**event, "deliveryContext": {"isRedelivery": True}}))

    assert linked() == {USER: "confirmed"}
    assert replies == {"reply-0": answer_to(Result.LINKED)}


def test_a_code_that_others_could_read_in_a_group_links_nobody(say, issue, linked, replies):
    say((USER, issue()), source="group")

    assert (linked(), replies) == ({}, {})


def test_linking_anew_takes_back_a_stop_and_unlinking_cancels_what_waits(say, issue, linked, rows, place, now):
    say((USER, issue()))
    say((USER, "STOP"), at=now + timedelta(minutes=1))
    assert [each["lifted_at"] for each in rows("suppressions")] == [None]
    say((USER, issue()), at=now + timedelta(minutes=2))
    assert [each["lifted_at"] for each in rows("suppressions")] == [now]

    with place.begin() as connection:
        ledger.plan(connection, [{**_row("0198", "line", USER), "contact_id": "malee"}], now)
        line_links.unlink(connection, "malee", by="ada", now=now)

    assert linked() == {USER: "revoked"}
    assert [(each["status"], each["reason"]) for each in rows("messages")] == [
        ("cancelled", "the address was unlinked")
    ]
    with place.connect() as connection:
        said = [(each["state"], each["source"]) for each in consents.history(connection, "malee")]
    assert sorted(said) == [
        ("given", "line_code"),
        ("given", "line_code"),
        ("withdrawn", "stop_word"),
        ("withdrawn", "unlinked"),
    ]


def test_the_page_that_emails_name_gives_a_code_in_the_readers_language(gateway, say, linked):
    with gateway() as client:
        shown = client.post(f"{PAGE}?lang=th", data={"line_code": "new"}).text
        assert "กรุณาเพิ่มเพื่อน" in shown
        (code,) = set(codes_in(shown))
        assert f"https://line.me/R/oaMessage/%40bmasia/?{code}" in shown
        assert client.get(PAGE).text.count("Connect my LINE") == 1
    say((USER, code))

    assert linked() == {USER: "confirmed"}


def test_staff_get_a_code_by_the_api_see_what_is_linked_and_unlink_it(gateway, say, linked):
    with gateway() as client:
        made = client.post("/api/v1/contacts/malee/line-code", headers=signed_in("nok"))
        assert made.status_code == 201
        assert client.post("/api/v1/contacts/gone/line-code", headers=signed_in("nok")).status_code == 404
        assert client.post("/api/v1/contacts/malee/line-code", headers=signed_in("tek")).status_code == 403
    say((USER, made.json()["code"]))
    with gateway() as client:
        seen = client.get("/api/v1/contacts/malee/addresses", headers=signed_in("nok")).json()
        masked = client.get("/api/v1/contacts/malee/addresses", headers=signed_in("tek")).text
        for status in (204, 404):
            path = "/api/v1/contacts/malee/addresses/line"
            assert client.delete(path, headers=signed_in("nok")).status_code == status

    assert [(each["address"], each["state"]) for each in seen["addresses"]] == [(USER, "confirmed")]
    assert seen["consents"][0]["proof"]["code_from"] == "staff: user:nok"
    assert USER not in masked
    assert linked() == {USER: "revoked"}


def test_without_a_reply_from_line_the_link_holds_all_the_same(say, issue, linked, replies):
    say((USER, issue(), {"replyToken": ""}))

    assert (linked(), replies) == ({USER: "confirmed"}, {})
