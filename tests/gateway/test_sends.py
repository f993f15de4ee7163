"""Transactional send: one message per key, decided by the policy, the decision kept, an opt-out respected."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import duckdb
import httpx
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from bench import postgres
from core.store import suppressions
from core.store.access_tables import transactional_sends
from core.store.columns import metadata
from core.store.engine import open_store
from core.store.tables import audit, campaign_runs, messages
from gateway.app import create_app
from tests.gateway.conftest import signed_in
from tests.senders.working import GOOD, work
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.checks import check_all
from warehouse.connect import connect
from warehouse.publish import newest

SEND = "/api/v1/messages"
WISH = {
    "contact_id": "malee",
    "template_id": "invoice_ready",
    "variables": {"invoice_number": "INV-7", "due_date": "2026-04-01", "amount": "14231.00", "currency": "THB"},
}


def headers(key="invoice-7-ready", who="nok"):
    return {**signed_in(who), "Idempotency-Key": key}


def rows(store, table):
    with store.connect() as connection:
        return [row._asdict() for row in connection.execute(sa.select(table))]


def test_what_is_asked_for_is_planned_once_with_its_decision_and_its_line_in_the_audit_log(client, place):
    answer = client.post(SEND, json=WISH, headers=headers())

    assert answer.status_code == 202, answer.text
    (message,) = rows(place, messages)
    (decision,) = rows(place, transactional_sends)
    (line,) = [row for row in rows(place, audit) if row["action"] == "send"]
    assert answer.json()["message_id"] == message["message_id"] == decision["message_id"] == line["target"]
    assert (message["status"], message["address"], message["purpose"]) == ("planned", "malee@hotel.example", "invoice")
    assert message["variables"]["company_name"] == "Lotus Bay"
    assert (decision["outcome"], decision["channel"]) == ("send", "email")
    assert [run["audience"] for run in rows(place, campaign_runs)] == [1]
    assert "malee@" not in json.dumps([decision, line], default=str)
    told = client.get(f"{SEND}/{message['message_id']}", headers=signed_in("tek"))
    assert told.json()["status"] == "planned"


def test_the_same_key_and_body_give_the_same_answer_and_no_second_message(client, place):
    first, again = (client.post(SEND, json=WISH, headers=headers()) for _ in range(2))

    assert again.json() == first.json()
    assert len(rows(place, messages)) == 1
    assert client.post(SEND, json=WISH, headers=headers("another-key")).json() != first.json()
    assert client.post(SEND, json=WISH, headers=headers(who="ada")).json() != first.json()
    assert len(rows(place, messages)) == 3


def test_the_same_key_with_another_body_is_refused(client, place):
    client.post(SEND, json=WISH, headers=headers())
    other = client.post(SEND, json={**WISH, "contact_id": "somchai"}, headers=headers())

    assert (other.status_code, other.json()["type"]) == (422, "urn:bma:problem:key-used")
    assert len(rows(place, messages)) == 1


def test_repeats_at_the_same_moment_make_one_message(client, place):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(SEND, json=WISH, headers=headers()), range(8)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(rows(place, messages)) == len(rows(place, transactional_sends)) == 1
    assert [run["audience"] for run in rows(place, campaign_runs)] == [1]


@pytest.mark.parametrize(
    ("contact_id", "outcome", "reason"),
    [
        ("gone", "ineligible", "no longer active"),
        ("somchai", "no_consent", "has not agreed to invoice"),
        ("opted-out", "no_consent", "opted out"),
        ("nowhere", "no_address", "no email"),
        ("typo", "invalid_address", "no valid email"),
    ],
)
def test_who_must_not_be_written_to_is_not_and_the_reason_is_kept(client, place, contact_id, outcome, reason):
    wish = {**WISH, "contact_id": contact_id}
    answer, again = (client.post(SEND, json=wish, headers=headers()) for _ in range(2))

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:bma:problem:not-sent")
    assert answer.json()["outcome"] == again.json()["outcome"] == outcome
    assert reason in answer.json()["detail"]
    assert rows(place, messages) == []
    (decision,) = rows(place, transactional_sends)
    assert (decision["outcome"], decision["message_id"]) == (outcome, None)


@pytest.mark.parametrize("whom", [{"address": "malee@hotel.example", "channel": "email"}, {"channel": "all"}])
def test_an_opt_out_since_the_copy_was_published_counts(client, place, now, whom):
    given = {"address": None, "contact_id": "malee", "reason": "stop", "source": "one_click", **whom}
    with place.begin() as connection:
        suppressions.add(connection, **given, now=now)
    answer = client.post(SEND, json=WISH, headers=headers())

    assert (answer.status_code, answer.json()["outcome"]) == (409, "suppressed")


def test_on_old_consent_nothing_is_sent_and_the_same_key_works_once_it_is_fresh(client, place, settings, now):
    client.app.state.clock = lambda: now + timedelta(hours=30)
    early = client.post(SEND, json=WISH, headers=headers())
    with duckdb.connect(str(newest(settings.serve_dir).path)) as copy:  # as a later build would have it
        copy.execute("update marts.freshness set loaded_at = loaded_at + interval 29 hours")
    late = client.post(SEND, json=WISH, headers=headers())

    assert (early.status_code, early.json()["outcome"], early.headers["retry-after"]) == (503, "stale_data", "300")
    assert late.status_code == 202
    assert [row["outcome"] for row in rows(place, transactional_sends)] == ["send"]


def test_every_missing_variable_is_named_and_nothing_is_kept(client, place):
    wish = {**WISH, "variables": {"invoice_number": "INV-7", "currency": ""}}
    answer = client.post(SEND, json=wish, headers=headers())

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:bma:problem:missing-variables")
    assert answer.json()["missing"] == ["due_date", "amount", "currency"]
    assert rows(place, transactional_sends) == []
    assert client.post(SEND, json=WISH, headers=headers()).status_code == 202


@pytest.mark.parametrize(
    ("changes", "status", "name"),
    [
        ({"template_id": "nonsense"}, 422, "no-such-template"),
        ({"channel": "x"}, 422, "no-such-channel"),
        ({"contact_id": "nobody"}, 404, "no-such-contact"),
        ({"variables": {**WISH["variables"], "due_date": "soon"}}, 422, "missing-variables"),
        ({"extra": 1}, 422, "invalid"),
    ],
)
def test_a_wish_that_cannot_be_fulfilled_says_what_is_wrong(client, place, changes, status, name):
    answer = client.post(SEND, json={**WISH, **changes}, headers=headers())

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:bma:problem:{name}")
    assert rows(place, messages) == []


def test_a_key_is_needed_and_so_is_the_role(client, place):
    without = client.post(SEND, json=WISH, headers=signed_in("nok"))

    assert (without.status_code, without.json()["wrong"][0]["where"]) == (422, "header.Idempotency-Key")
    assert client.post(SEND, json=WISH, headers=headers(who="fin")).status_code == 403
    assert client.post(SEND, json=WISH, headers={"Idempotency-Key": "12345678"}).status_code == 401


def test_templates_that_may_be_sent_are_listed_with_what_they_need(client):
    found = {each["template_id"]: each for each in client.get(f"{SEND}/templates", headers=signed_in("tek")).json()}

    assert found["invoice_ready"]["variables"] == ["invoice_number", "due_date", "amount", "currency"]
    assert found["quote_ready"]["purpose"] == "quote"


def test_two_gateways_on_postgresql_make_one_message_a_key_whatever_comes_at_once(
    place, settings, now, crm, postgres_server
):
    store = open_store(postgres.new_database(postgres_server, "sends"))
    apps = [create_app(settings, engine=store, clock=lambda: now, crm=httpx.MockTransport(crm)) for _ in range(2)]
    with TestClient(apps[0]) as one, TestClient(apps[1]) as two, ThreadPoolExecutor(6) as pool:
        turns = [(client, f"key-number-{number}") for number in range(5) for client in (one, two)]
        answers = list(pool.map(lambda turn: turn[0].post(SEND, json=WISH, headers=headers(turn[1])), turns))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 5
    assert len(rows(store, messages)) == 5
    assert [run["audience"] for run in rows(store, campaign_runs)] == [5]
    store.dispose()


def test_what_was_decided_is_a_row_of_the_warehouse_s_decisions_and_every_promise_is_kept(
    client, place, published_people, tmp_path, now
):
    planned = client.post(SEND, json={**WISH, "channel": "whatsapp"}, headers=headers()).json()
    client.post(SEND, json={**WISH, "contact_id": "gone"}, headers=headers("another-key"))
    report, _ = work(place, GOOD, clock=lambda: now)
    shutil.copy(published_people.parent / "warehouse.duckdb", tmp_path / "w.duckdb")
    with connect(tmp_path / "w.duckdb") as connection:
        for name in ("messages", "campaigns", "campaign_runs", "templates", "transactional_sends"):
            for row in rows(place, metadata.tables[name]):
                add(
                    connection,
                    f"journal__{name}",
                    {k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()},
                )
        build(connection, now=now)
        broken = [result for result in check_all(connection, now) if result.is_error]
        decided = connection.execute("select contact_id, outcome, run_id from marts.decisions order by all").fetchall()
        (result,) = connection.execute(
            "select audience, sent from marts.campaign_results where campaign_id = 'invoice_ready' and sent > 0"
        ).fetchall()

    assert report.counts == {"accepted": 1}
    assert planned["channel"] == "whatsapp"
    assert broken == []
    assert decided == [("gone", "ineligible", planned["run_id"]), ("malee", "send", planned["run_id"])]
    assert result == (1, 1)
