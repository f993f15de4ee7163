"""Answering people: once a draft, within the window, never who opted out, audited; threads handed over and closed."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_string, policy

import pytest
import sqlalchemy as sa

from core.ids import derived_id
from core.store import conversations, ledger, suppressions
from core.store.access_tables import transactional_sends
from core.store.tables import audit, messages
from core.store.templates import load_template
from core.vocabulary import Channel
from senders.compose import Links, compose
from senders.email.message import Identity, Mail
from senders.templates import Template
from senders.whatsapp.send import payload
from tests.gateway.conftest import signed, signed_in
from tests.gateway.test_sends import rows
from tests.senders.working import GOOD, work

ADDRESS = {"whatsapp": "+66812345678", "email": "malee@hotel.example", "line": "U" + "1" * 32}


def thread_id(channel):
    return derived_id("conversation", channel, ADDRESS[channel])


@pytest.fixture
def wrote(client, place, now):
    """Let Malee write on a channel; returns the id of the thread."""
    with place.begin() as connection:
        for channel, address in ADDRESS.items():
            connection.execute(
                sa.text(
                    "insert into channel_addresses"
                    " (contact_id, channel, address, state, source, confidence, updated_at)"
                    " values ('malee', :channel, :address, 'confirmed', 'crm', 1, '2026-03-01')"
                ),
                {"channel": channel, "address": address},
            )

    def write(channel="whatsapp", text="When is my contract over?", at=None, key="m1"):
        seconds = int((at or now).timestamp())
        if channel == "whatsapp":
            message = {
                "from": "66812345678",
                "id": key,
                "type": "text",
                "timestamp": str(seconds),
                "text": {"body": text},
            }
            change = {"field": "messages", "value": {"messages": [message]}}
            body = {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}
            path = "/webhooks/whatsapp"
        elif channel == "line":
            event = {"type": "message", "webhookEventId": key, "timestamp": seconds * 1000}
            event |= {"source": {"type": "user", "userId": ADDRESS["line"]}, "message": {"type": "text", "text": text}}
            body, path = {"events": [event]}, "/webhooks/line"
        else:
            mail = (
                f"From: Malee <malee@hotel.example>\r\nTo: hello@bmasia.example\r\nSubject: About us\r\n"
                f"Message-ID: <{key}@hotel.example>\r\n"
                f"In-Reply-To: <0198c0de-0000-7000-8000-000000000001@bmasia.example>\r\n"
                f"Date: {at or now:%a, %d %b %Y %H:%M:%S +0000}\r\n\r\n{text}\r\n"
            )
            answer = client.post(
                "/webhooks/email/inbound",
                content=mail.encode(),
                headers=signed("/webhooks/email/inbound", mail.encode()),
            )
            assert answer.status_code == 200, answer.text
            return thread_id("email")
        raw = json.dumps(body).encode()
        assert client.post(path, content=raw, headers=signed(path, raw)).status_code == 200
        return thread_id(channel)

    return write


def answer(client, conversation_id, text="In June.", key="draft-0001", who="nok"):
    headers = {**signed_in(who), "Idempotency-Key": key}
    return client.post(f"/api/v1/conversations/{conversation_id}/replies", json={"text": text}, headers=headers)


def outgoing(store, message_id):
    with store.connect() as connection:
        columns = [messages.c[name] for name in ledger.Message._fields]
        row = connection.execute(sa.select(*columns).where(messages.c.message_id == message_id)).one()
        message = ledger.Message._make(row)
        content = load_template(
            connection, message.template_id, message.channel, message.language, message.template_version
        )
    return compose(message, Template(content, Channel(message.channel)), Links(public_url="http://x", secret="s"), "")


def find(store, conversation_id):
    with store.connect() as connection:
        return conversations.find(connection, conversation_id)


def test_an_answer_is_one_message_of_the_ledger_however_often_its_draft_is_sent(client, place, wrote, now):
    key = wrote()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: answer(client, key), range(6)))

    first = next(each for each in answers if each.status_code == 202)
    assert {each.status_code for each in answers} <= {202, 503}
    assert {each.json()["message_id"] for each in answers if each.status_code == 202} == {first.json()["message_id"]}
    (message,) = rows(place, messages)
    assert (message["status"], message["channel"], message["contact_id"]) == ("planned", "whatsapp", "malee")
    (decision,) = rows(place, transactional_sends)
    assert (decision["outcome"], decision["message_id"]) == ("send", message["message_id"])
    (line,) = [row for row in rows(place, audit) if row["action"] == "reply"]
    assert (line["actor"], line["target"]) == ("user:nok", key)
    assert "June" not in json.dumps(line["detail"])
    assert answer(client, key).json() == {**first.json(), "is_new": False}
    assert answer(client, key, text="In July.").json()["type"] == "urn:bma:problem:reply-draft"
    assert answer(client, key, text="And in July.", key="draft-0002").json()["is_new"]
    assert len(rows(place, messages)) == 2


def test_whatsapp_takes_words_within_its_window_and_only_a_template_after_it(client, place, wrote, now):
    key = wrote(at=now - timedelta(hours=23))
    message_id = answer(client, key, text="Yes: {{ company_name }} & more").json()["message_id"]
    late = thread_id("whatsapp")
    with place.begin() as connection:
        connection.execute(sa.text("update conversations set window_open_until = '2026-03-02 02:00:00'"))
    refused = answer(client, late, key="draft-0002")

    body = payload(outgoing(place, message_id))
    assert (body["type"], body["text"]["body"]) == ("text", "Yes: {{ company_name }} & more")
    assert body["biz_opaque_callback_data"] == message_id
    (message,) = rows(place, messages)
    assert message["expires_at"] == now + timedelta(hours=1)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:bma:problem:reply-window")
    assert "template" in refused.json()["detail"]


def test_the_worker_sends_an_answer_as_words_that_carry_our_id_and_sends_it_once(client, place, wrote, now):
    message_id = answer(client, wrote()).json()["message_id"]
    _, peer = work(place, GOOD, clock=lambda: now)
    _, later = work(place, GOOD, clock=lambda: now + timedelta(minutes=5))

    (taken,) = peer.taken
    body = json.loads(taken.partition(b"\r\n\r\n")[2])
    assert (body["type"], body["text"]["body"], body["biz_opaque_callback_data"]) == ("text", "In June.", message_id)
    assert later.taken == []
    assert [row["status"] for row in rows(place, messages)] == ["accepted"]


def test_an_opt_out_between_answer_and_worker_still_stops_it(client, place, wrote, now):
    answer(client, key := wrote())
    given = {"address": ADDRESS["whatsapp"], "contact_id": None, "reason": "said stop", "source": "whatsapp_stop"}
    with place.begin() as connection:
        suppressions.add(connection, channel="whatsapp", **given, now=now)
    _, peer = work(place, GOOD, clock=lambda: now)

    assert peer.taken == []
    assert [row["status"] for row in rows(place, messages)] == ["suppressed"]
    assert find(place, key).is_waiting


def test_an_answer_by_mail_stands_in_its_thread_and_counts_nothing(client, place, wrote):
    key = wrote("email")
    message_id = answer(client, key, text="In June.\n\nYours").json()["message_id"]
    identity = Identity(sender="BMAsia <hello@bmasia.example>", bounce_domain="", link_secret="s")
    written = Mail(outgoing(place, message_id), identity).written(eight_bit=False)
    mail = message_from_string(written.decode(), policy=policy.default)

    assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: About us", "<m1@hotel.example>")
    assert mail["References"] == "<m1@hotel.example>"
    assert [name for name in ("List-Unsubscribe", "Auto-Submitted", "Feedback-ID") if name in mail] == []
    page = mail.get_body(("html",)).get_content()
    assert "In June." in page and "/t/" not in page and "/u/" not in page


def test_an_answer_on_line_is_pushed_as_text(client, place, wrote):
    message_id = answer(client, wrote("line"), text="ครับ").json()["message_id"]

    assert (outgoing(place, message_id).text, outgoing(place, message_id).flex) == ("ครับ", None)


@pytest.mark.parametrize("whom", [{"address": "+66812345678", "channel": "whatsapp"}, {"channel": "all"}])
def test_who_opted_out_is_not_answered_and_the_reason_is_said(client, place, wrote, now, whom):
    key = wrote()
    given = {"address": None, "contact_id": "malee", "reason": "said stop", "source": "whatsapp_stop", **whom}
    with place.begin() as connection:
        suppressions.add(connection, **given, now=now)
    refused = answer(client, key)

    assert (refused.status_code, refused.json()["type"]) == (409, "urn:bma:problem:reply-suppressed")
    assert "said stop" in refused.json()["detail"]
    assert rows(place, messages) == []


def test_who_waits_is_who_wrote_after_our_last_answer_or_whose_answer_did_not_arrive(client, place, wrote, now):
    key = wrote(at=now - timedelta(hours=2))
    wrote(at=now - timedelta(hours=1), key="m2", text="Hello?")
    before = find(place, key)
    message_id = answer(client, key).json()["message_id"]
    answered = find(place, key)
    with place.begin() as connection:
        ledger.suppress(connection, message_id, reason="said stop", at=now)
    lost = find(place, key)

    assert (before.is_waiting, before.waiting_since) == (True, now - timedelta(hours=2))
    assert (answered.is_waiting, answered.first_answered_at) == (False, now)
    assert lost.is_waiting
    wrote(at=now + timedelta(minutes=1), key="m3", text="Thanks, and?")
    assert find(place, key).waiting_since == now + timedelta(minutes=1)


def test_a_thread_is_handed_over_closed_and_opened_again_each_with_its_line(client, place, wrote):
    key, headers = wrote(), signed_in("nok")
    path = f"/api/v1/conversations/{key}"

    for _ in range(2):
        client.post(f"{path}/assign", json={"department": "finance"}, headers=headers)
        client.post(f"{path}/close", headers=headers)
    assert client.get("/api/v1/conversations", headers=headers).json()["items"][0]["department"] == "finance"
    assert not find(place, key).is_waiting
    client.post(f"{path}/reopen", headers=headers)
    assert find(place, key).is_waiting
    actions = [row["action"] for row in rows(place, audit) if row["target"] == key]
    assert actions == ["assign_conversation", "close_conversation", "reopen_conversation"]
    assert client.post(f"{path}/assign", json={"department": "hr"}, headers=headers).status_code == 422
    assert client.post("/api/v1/conversations/none/close", headers=headers).status_code == 404


def test_who_only_looks_may_not_answer_and_a_stranger_is_not_answered(client, place, wrote):
    key = wrote()
    with place.begin() as connection:
        connection.execute(sa.text("update conversations set contact_id = null"))

    assert answer(client, key, who="tek").status_code == 403
    assert answer(client, key).json()["type"] == "urn:bma:problem:reply-stranger"
