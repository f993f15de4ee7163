"""Webhooks: nobody in who does not belong, nothing lost of what is let in."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as some
from starlette.testclient import TestClient

from core.settings import Settings
from gateway.app import create_app
from gateway.applying import replay as replay_rejected
from gateway.webhooks import LARGEST_BODY
from senders.line import events as line_events
from senders.whatsapp import events as whatsapp_events
from tests.gateway.conftest import ADDRESSES, signed

DOORS = ("/webhooks/whatsapp", "/webhooks/line", "/webhooks/email/inbound", "/webhooks/crm")
EXAMPLES = json.loads((Path(__file__).parent / "recordings" / "whatsapp_webhooks.json").read_text())
every_door = pytest.mark.parametrize("door", DOORS)


def status(message_id, name="delivered", **more):
    return {
        "id": "whatsapp-1",
        "status": name,
        "timestamp": "1772420700",
        "recipient_id": ADDRESSES["whatsapp"].lstrip("+"),
        "biz_opaque_callback_data": message_id,
        **more,
    }


def meta(*statuses, **value):
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "statuses": list(statuses), **value}}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


def line(kind, key="01EVENT", **more):
    event = {"type": kind, "webhookEventId": key, "timestamp": 1772420700000, "source": {"userId": ADDRESSES["line"]}}
    return json.dumps({"destination": "U0", "events": [{**event, **more}]}).encode()


def test_published_signature_vectors_are_accepted_and_nothing_else():
    body = b'{"object":"page","entry":[]}'
    header = {"x-hub-signature-256": "sha256=0e9e0080a310f376450c46d999aa4d49ed772bfe43c13205f38a3a6e6611ed2b"}
    assert whatsapp_events.verify(body, header, "appsecret")
    assert not whatsapp_events.verify(body + b" ", header, "appsecret")
    assert not whatsapp_events.verify(body, header, "")

    body = b'{"destination":"U00000000000000000000000000000000","events":[]}'
    header = {"x-line-signature": "HTxJXLFSFIEymebizQ1qvNrneJQsfzYGpmFNfPZFvVA="}
    assert line_events.verify(body, header, "channelsecret")
    assert not line_events.verify(body, header, "othersecret")


@every_door
def test_a_door_without_a_secret_does_not_exist(sqlite_store, tmp_path, door):
    closed = create_app(Settings(_env_file=None, data_dir=tmp_path), engine=sqlite_store)
    with TestClient(closed) as client:
        assert client.post(door, content=b"{}", headers=signed(door, b"{}")).status_code == 404
        assert client.get("/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=").status_code == 404


@every_door
@pytest.mark.parametrize("header", ["", "sha256=00", "sha256=é", "x" * 5000])
def test_a_forged_delivery_is_refused_and_leaves_no_trace(client, rows, door, header):
    name = next(iter(signed(door, b"")))
    answer = client.post(door, content=b"{}", headers={name: header.encode()} if header else {})

    assert answer.status_code == 401
    assert rows("inbox") == []


@every_door
def test_a_body_larger_than_anybody_may_send_is_refused(client, rows, door):
    body = b"x" * (LARGEST_BODY + 1)

    assert client.post(door, content=body, headers=signed(door, body)).status_code == 413
    assert rows("inbox") == []


def test_meta_gets_its_challenge_back_for_the_right_token_only(client):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    right = client.get("/webhooks/whatsapp", params={**asked, "hub.verify_token": "verifytoken"})

    assert (right.status_code, right.text) == (200, "1158201444")
    assert client.get("/webhooks/whatsapp", params={**asked, "hub.verify_token": "other"}).status_code == 403


def test_a_repeat_is_kept_once_and_answered_all_the_same(deliver, rows, sent):
    body = meta(status(sent["whatsapp"]))

    assert [deliver(DOORS[0], body) for _ in range(3)] == [200, 200, 200]
    assert len(rows("inbox")) == len(rows("events")) == 1


def test_a_status_moves_the_message(deliver, rows, sent):
    deliver(DOORS[0], meta(status(sent["whatsapp"], "read"), status(sent["whatsapp"], "delivered")))

    (message,) = [row for row in rows("messages") if row["channel"] == "whatsapp"]
    assert message["status"] == "read"
    assert {row["event_type"] for row in rows("events")} == {"read", "delivered"}


def test_one_item_nobody_knows_does_not_take_the_others_with_it(deliver, rows, sent):
    body = meta(status(sent["whatsapp"], "teleported"), status(sent["whatsapp"], "delivered"))

    assert deliver(DOORS[0], body) == 200
    (kept,) = rows("inbox")
    assert (kept["state"], kept["body"]) == ("rejected", body)
    assert "teleported" in kept["reason"]
    assert [row["event_type"] for row in rows("events")] == ["delivered"]


@pytest.mark.parametrize(
    ("door", "body"),
    [
        (DOORS[0], b"not JSON"),
        (DOORS[0], b'{"object":"page","entry":[]}'),
        (DOORS[0], b'{"object":"whatsapp_business_account"}'),
        (DOORS[0], b"[" * 100_000),
        (DOORS[1], b'{"events":[{"type":"telepathy","source":{}}]}'),
        (DOORS[1], b'{"events":[{"type":"follow","source":{"userId":"U1"},"timestamp":"soon"}]}'),
        (DOORS[2], b"Subject: no relation to us\r\n\r\nhello"),
        (DOORS[2], b"\x00\xff\xfe"),
        (DOORS[3], b"not JSON"),
        (DOORS[3], b"\xff\xfe"),
        (DOORS[3], b"[" * 100_000),
        (DOORS[3], b'{"event_id":"e1","occurred_at":"2026-11-23T04:00:00Z","changes":[]}'),
        (
            DOORS[3],
            b'{"event_id":"e1","occurred_at":"2026-11-23T04:00:00Z","changes":[{"collection":"contacts","id":"../users"}]}',
        ),
    ],
)
def test_a_broken_delivery_is_kept_with_its_reason_and_never_comes_back(deliver, rows, door, body):
    assert deliver(door, body) == 200

    (kept,) = rows("inbox")
    assert (kept["state"], kept["body"]) == ("rejected", body)
    assert kept["reason"]
    assert rows("events") == []


def test_what_was_rejected_is_replayed_when_it_is_understood(
    deliver, rows, sent, sqlite_store, settings, now, monkeypatch
):
    body = meta(status(sent["whatsapp"], "teleported"))
    deliver(DOORS[0], body)
    assert replay_rejected(sqlite_store, settings, now=now) == {"applied": 0, "rejected": 1}

    monkeypatch.setitem(whatsapp_events.STATUSES, "teleported", whatsapp_events.STATUSES["delivered"])
    assert replay_rejected(sqlite_store, settings, now=now) == {"applied": 1, "rejected": 0}
    assert [row["event_type"] for row in rows("events")] == ["delivered"]
    assert rows("inbox")[0]["state"] == "applied"


def test_a_notice_of_the_crm_waits_until_the_pipeline_has_read_what_it_names(deliver, rows):
    change = {"collection": "contacts", "id": "c-1", "email": "not-looked-at@hotel.example"}
    body = json.dumps({"event_id": "e1", "occurred_at": "2026-11-23T04:00:00Z", "changes": [change]}).encode()

    assert [deliver(DOORS[3], body) for _ in range(2)] == [200, 200]
    (kept,) = rows("inbox")
    assert (kept["source"], kept["state"], kept["body"]) == ("crm", "received", body)


@given(
    body=some.one_of(
        some.binary(max_size=400),
        some.recursive(
            some.none() | some.integers() | some.text(max_size=5),
            lambda inner: (
                some.lists(inner, max_size=3)
                | some.dictionaries(
                    some.sampled_from(
                        ["object", "entry", "changes", "value", "statuses", "messages", "events", "type", "id"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
@trying(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@every_door
def test_no_signed_body_whatever_it_holds_breaks_the_gateway(deliver, door, body):
    assert deliver(door, body) == 200


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_of_meta_is_understood_or_kept_with_a_reason(deliver, rows, name):
    assert deliver(DOORS[0], json.dumps(EXAMPLES[name]).encode()) == 200

    (kept,) = rows("inbox")
    if name.startswith("Group "):
        assert (kept["state"], "which nobody has described yet" in kept["reason"]) == ("rejected", True)
    else:
        assert kept["state"] == "applied", kept["reason"]
        types = [row["event_type"] for row in rows("events")]
        expected = {"System Message": [], "Button Message": ["replied", "unsubscribed"]}  # its button says Unsubscribe
        assert types == expected.get(name, ["replied"])


@pytest.mark.parametrize("said", ["STOP", " stop. ", "Unsubscribe", "หยุด", "ยกเลิก"])
def test_a_person_who_writes_stop_is_suppressed_in_the_same_transaction(deliver, rows, sent, said):
    inbound = {"from": ADDRESSES["whatsapp"][1:], "id": "wamid.9", "timestamp": "1772420700", "type": "text"}
    deliver(DOORS[0], meta(messages=[{**inbound, "text": {"body": said}}]))

    (suppression,) = rows("suppressions")
    assert (suppression["address"], suppression["contact_id"]) == (ADDRESSES["whatsapp"], "contact-whatsapp")
    assert suppression["reason"] == "unsubscribed"


@pytest.mark.parametrize("said", ["please do not stop the music", "stopover", ""])
def test_a_person_who_only_mentions_stop_is_not(deliver, rows, sent, said):
    inbound = {"from": ADDRESSES["whatsapp"][1:], "id": "wamid.9", "timestamp": "1772420700", "type": "text"}
    deliver(DOORS[0], meta(messages=[{**inbound, "text": {"body": said}}]))

    assert rows("suppressions") == []
    assert [row["event_type"] for row in rows("events")] == ["replied"]


def test_a_line_block_suppresses_and_following_again_lifts_it(deliver, rows, sent):
    deliver(DOORS[1], line("unfollow"))
    assert [row["lifted_at"] for row in rows("suppressions")] == [None]

    deliver(DOORS[1], line("follow", key="01OTHER"))
    assert rows("suppressions")[0]["lifted_at"] is not None


def test_a_failure_whatsapp_reports_later_ends_the_message_with_words(deliver, rows, sent):
    deliver(DOORS[0], meta(status(sent["whatsapp"], "failed", errors=[{"code": 131026, "title": "Undeliverable"}])))

    (message,) = [row for row in rows("messages") if row["channel"] == "whatsapp"]
    assert (message["status"], message["error_code"]) == ("failed", "131026")
    assert message["reason"]
    assert rows("suppressions")[0]["address"] == ADDRESSES["whatsapp"]


def test_the_store_away_means_503_and_come_back_later(settings, sqlite_store):
    with TestClient(create_app(settings, engine=sqlite_store)) as client:
        with sqlite_store.begin() as connection:
            connection.execute(sa.text("drop table inbox"))
        body = meta()
        answer = client.post(DOORS[0], content=body, headers=signed(DOORS[0], body))

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
