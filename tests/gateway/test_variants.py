"""Every payload that providers document: taken when it is theirs, refused in every variant that is not."""

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core.store.inbox import dedup_key
from core.store.tables import events, inbox
from gateway.app import create_app
from gateway.webhooks import LARGEST_BODY
from senders.inbound import DEEPEST
from tests.gateway.conftest import ADDRESSES, signed
from tests.gateway.test_mail import answer, report
from tests.gateway.test_webhooks import DOORS, EXAMPLES, meta, status

WHATSAPP, LINE, EMAIL, CRM = DOORS
_MESSAGE = "0198c0de-0000-7000-8000-000000000001"
_BOUNCES = Path(__file__).parents[1] / "senders" / "bounces"
# What LINE's own description lists (webhook.yml): each event with what it must hold.
_LINE_MESSAGES = [
    {"type": "text", "text": "Hello"},
    {"type": "image", "contentProvider": {"type": "line"}},
    {"type": "video", "duration": 1000, "contentProvider": {"type": "line"}},
    {"type": "audio", "duration": 1000, "contentProvider": {"type": "line"}},
    {"type": "file", "fileName": "contract.pdf", "fileSize": 10},
    {"type": "location", "latitude": 13.7, "longitude": 100.5},
    {"type": "sticker", "packageId": "1", "stickerId": "2", "stickerResourceType": "STATIC"},
]
_LINE_EVENTS = {
    "unsend": {"unsend": {"messageId": "1"}},
    "follow": {"follow": {"isUnblocked": False}},
    "unfollow": {},
    "join": {},
    "leave": {},
    "memberJoined": {"joined": {"members": [{"type": "user", "userId": ADDRESSES["line"]}]}},
    "memberLeft": {"left": {"members": [{"type": "user", "userId": ADDRESSES["line"]}]}},
    "postback": {"postback": {"data": "a=1"}},
    "videoPlayComplete": {"videoPlayComplete": {"trackingId": "t"}},
    "beacon": {"beacon": {"hwid": "1", "type": "enter"}},
    "accountLink": {"link": {"result": "ok", "nonce": "BMA-7KQ2M9XD"}},
    "membership": {"membership": {"type": "joined", "membershipId": 1}},
    "module": {"module": {"type": "attached"}},
    "activated": {"chatControl": {"expireAt": 1}},
    "deactivated": {},
    "botSuspended": {},
    "botResumed": {},
    "delivery": {"delivery": {"data": "hash"}},
}


def _line(*found):
    common = {
        "mode": "active",
        "timestamp": 1772420700000,
        "source": {"type": "user", "userId": ADDRESSES["line"]},
        "deliveryContext": {"isRedelivery": False},
    }
    numbered = [{**common, "webhookEventId": f"01EVENT{number}", **each} for number, each in enumerate(found)]
    return json.dumps({"destination": "U" + "0" * 32, "events": numbered}).encode()


def _template(event):
    value = {"event": event, "message_template_id": 1, "message_template_name": "x", "message_template_language": "en"}
    change = {"field": "message_template_status_update", "value": value}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


def _payloads():
    notice = {"event_id": "e1", "occurred_at": "2026-11-23T04:00:00Z"}
    yield from ((WHATSAPP, json.dumps(example).encode()) for example in EXAMPLES.values())
    yield WHATSAPP, meta(*(status(_MESSAGE, name) for name in ("sent", "delivered", "read", "played")))
    yield WHATSAPP, meta(status(_MESSAGE, "failed", errors=[{"code": 131026, "title": "Undeliverable"}]))
    yield WHATSAPP, meta(user_preferences=[{"wa_id": "66812345678", "value": "stop", "timestamp": 1772420700}])
    yield from ((WHATSAPP, _template(event)) for event in ("APPROVED", "PAUSED", "REJECTED"))
    yield LINE, b'{"destination":"U00000000000000000000000000000000","events":[]}'
    yield from ((LINE, _line({"type": "message", "message": {"id": "1", **each}})) for each in _LINE_MESSAGES)
    yield from ((LINE, _line({"type": kind, **more})) for kind, more in _LINE_EVENTS.items())
    yield EMAIL, report(_MESSAGE)
    yield EMAIL, report(_MESSAGE, kind="feedback-report")
    yield EMAIL, answer(_MESSAGE)
    yield from ((EMAIL, path.read_bytes()) for path in sorted(_BOUNCES.glob("*_01.txt")))
    yield CRM, json.dumps({**notice, "changes": [{"collection": "contacts", "id": "c-1"}]}).encode()


PAYLOADS = list(_payloads())
every_payload = pytest.mark.parametrize(
    ("door", "body"), PAYLOADS, ids=[f"{n}{d}" for n, (d, _) in enumerate(PAYLOADS)]
)


@pytest.fixture(scope="module")
def open_doors(tmp_path_factory):
    """One gateway for all variants, and its store."""
    from core.settings import Settings
    from core.store.engine import open_store
    from tests.gateway.conftest import SECRETS

    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('variants') / 'store.db'}")
    settings = Settings(_env_file=None, **SECRETS)
    with TestClient(create_app(settings, engine=store), raise_server_exceptions=False) as client:
        yield client, store
    store.dispose()


def _kept(store, body):
    key = dedup_key(body)
    with store.connect() as connection:
        return connection.execute(sa.select(inbox.c.inbox_id).where(inbox.c.dedup_key == key)).all()


@every_payload
def test_no_variant_of_a_payload_is_let_in(open_doors, door, body):
    client, store = open_doors
    header = signed(door, body)
    ((name, value),) = header.items()
    variants = {
        "unsigned": (body, {}),
        "signed by nobody": (body, {name: ""}),
        "signed for another body": (body, signed(door, body + b" ")),
        "signed by another door's secret": (
            body,
            {name: next(iter(signed(LINE if door != LINE else CRM, body).values()))},
        ),
        "signature cut": (body, {name: value[:-1]}),
        "signature of other letters": (body, {name: value.swapcase()}),
        "last byte lost": (body[:-1], header),
        "half lost": (body[: len(body) // 2], header),
        "all lost": (b"", header),
        "one byte more": (body + b"\n", header),
        "one byte other": (bytes([body[0] ^ 1]) + body[1:], header),
    }
    answers = {
        what: client.post(door, content=sent, headers=given).status_code for what, (sent, given) in variants.items()
    }
    assert answers == dict.fromkeys(variants, 401)

    padded = body + b" " * (LARGEST_BODY + 1 - len(body))
    assert client.post(door, content=padded, headers=signed(door, padded)).status_code == 413
    assert client.post(door, content=iter([padded]), headers=signed(door, padded)).status_code == 413
    assert not any(_kept(store, sent) for sent in (padded, *(sent for sent, _ in variants.values())))


@every_payload
def test_a_payload_is_taken_once_and_a_replay_of_it_changes_nothing(client, deliver, rows, sent, door, body):
    assert deliver(door, body) == 200
    (kept,) = rows("inbox")
    told = rows("events"), rows("suppressions")

    assert [deliver(door, body) for _ in range(2)] == [200, 200]
    assert rows("inbox") == [kept]
    assert (rows("events"), rows("suppressions")) == told
    assert kept["body"] == body


@pytest.mark.parametrize("door", [EMAIL, CRM])
@pytest.mark.parametrize(
    ("seconds", "status_code"), [(0, 200), (-290, 200), (290, 200), (-310, 401), (310, 401), (-86400, 401)]
)
def test_a_signature_with_a_time_is_good_for_five_minutes(client, now, door, seconds, status_code):
    body = answer(_MESSAGE) if door == EMAIL else b'{"event_id":"e"}'
    moment = str(int((now + timedelta(seconds=seconds)).timestamp()))
    secret = b"inboundsecret" if door == EMAIL else b"crmsecret"
    signature = hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"x-bma-timestamp": moment, "x-bma-signature": f"sha256={signature}"}

    assert client.post(door, content=body, headers=headers).status_code == status_code
    assert client.post(door, content=body, headers={**headers, "x-bma-timestamp": moment + "0"}).status_code == 401
    assert client.post(door, content=body, headers={"x-bma-signature": headers["x-bma-signature"]}).status_code == 401


@pytest.mark.parametrize("moment", ["", "now", "-1", "1e9", "٣", "9" * 400])
def test_a_time_that_is_none_is_refused(client, moment):
    signature = hmac.new(b"crmsecret", f"{moment}.{{}}".encode(), hashlib.sha256).hexdigest()
    headers = {"x-bma-timestamp": moment.encode(), "x-bma-signature": f"sha256={signature}".encode()}

    assert client.post(CRM, content=b"{}", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "text", ["a\x00b", "half an emoji \ud83d", "\\u0000", "\x00" * 3], ids=["nul", "half", "said", "nuls"]
)
def test_what_a_database_cannot_keep_does_not_stop_the_delivery_nor_its_neighbours(store, settings, now, text):
    person = {"from": ADDRESSES["whatsapp"][1:], "timestamp": "1772420700", "type": "text"}
    bodies = [
        meta(messages=[{**person, "id": "wamid.odd", "text": {"body": text}}]),
        meta(messages=[{**person, "id": "wamid.even", "text": {"body": "hello"}}]),
    ]
    with TestClient(create_app(settings, engine=store, clock=lambda: now)) as client:
        assert [client.post(WHATSAPP, content=each, headers=signed(WHATSAPP, each)).status_code for each in bodies] == [
            200
        ] * 2
    with store.connect() as connection:
        kept = connection.execute(sa.select(inbox.c.body, inbox.c.state).order_by(inbox.c.inbox_id)).all()
        told = connection.execute(sa.select(sa.func.count()).select_from(events)).scalar_one()

    assert [(bytes(body), state) for body, state in kept] == [(each, "applied") for each in bodies]
    assert told == 2


@pytest.mark.parametrize("door", [WHATSAPP, LINE])
def test_a_delivery_nested_too_deep_is_kept_with_its_reason(deliver, rows, door):
    deep = b'{"x":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1)
    body = b'{"object":"whatsapp_business_account","entry":[],"events":[],"more":' + deep + b"}"

    assert deliver(door, body) == 200
    (kept,) = rows("inbox")
    assert (kept["state"], kept["reason"]) == ("rejected", f"nested deeper than {DEEPEST} levels")
