"""The API: every list in pages, details masked by role, changes audited, errors that say what to do."""

import json
from datetime import timedelta

import duckdb
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core.store.tables import audit, suppressions
from gateway.app import create_app
from gateway.requests import LARGEST_BODY
from tests.gateway.conftest import ADDRESSES, access_token, signed_in
from tests.gateway.test_tracking import pixel
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.publish import publish

ADA, NOK, FIN, TEK = (signed_in(name) for name in ("ada", "nok", "fin", "tek"))


@pytest.fixture
def written(sqlite_store):
    """Read the audit log."""

    def read():
        with sqlite_store.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(audit).order_by(audit.c.audit_id)).mappings()]

    return read


@pytest.fixture
def published(warehouse, settings, now):  # noqa: F811
    """A published copy with one segment of three contacts."""
    for name in ("raw.campaigns__segments", "raw.campaigns__segment_memberships"):
        warehouse.execute(f"delete from {name}")
    warehouse.execute(
        "insert into raw.campaigns__segments values ('s', 'Renewal due', 'select 1', 1, 3, ?, 'ครบกำหนดต่อสัญญา')", [now]
    )
    for number in range(3):
        add(
            warehouse,
            "campaigns__segment_memberships",
            {
                "segment_id": "s",
                "contact_id": f"c{number}",
                "company_id": "k",
                "subject_type": "contract",
                "subject_id": "t1",
                "valid_from": now,
                "definition_version": 1,
                "reason": "ends in 14 days",
            },
        )
    add(warehouse, "crm__contacts", {"id": "c1", "company": "k", "name": "Malee", "email": "malee@hotel.example"})
    build(warehouse, now=now)
    return publish(warehouse, settings.serve_dir, now)


def test_a_message_s_story_has_its_events(client, sent):
    client.get(pixel(sent["email"]))
    story = client.get(f"/api/v1/messages/{sent['email']}", headers=TEK).json()

    assert story["status"] == "accepted"
    assert [event["event_type"] for event in story["events"]] == ["opened"]
    assert client.get("/api/v1/messages/none", headers=TEK).status_code == 404
    for whose in ("contacts/contact-email", "companies/company"):
        timeline = client.get(f"/api/v1/{whose}/timeline", headers=TEK).json()
        assert [event["event_type"] for event in timeline["items"]] == ["opened"]


def test_addresses_are_masked_for_who_may_not_see_them_and_reading_them_is_noted(client, sent, written):
    masked = client.get("/api/v1/messages", headers=FIN)
    assert not written()
    clear = client.get("/api/v1/messages", headers=NOK)

    assert not any(address in masked.text for address in ADDRESSES.values())
    assert all(address in clear.text for address in ADDRESSES.values())
    (line,) = written()
    assert (line["actor"], line["action"], line["detail"]["count"]) == ("user:nok", "read_contact_details", 3)
    assert not any(address in json.dumps(line["detail"]) for address in ADDRESSES.values())


def test_pages_follow_each_other_without_gaps_or_repeats_while_rows_come_in(client, sent, sqlite_store, now):
    seen, cursor = [], None
    for _ in range(10):
        parameters = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        answer = client.get("/api/v1/messages", params=parameters, headers=TEK).json()
        seen += [row["message_id"] for row in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(sent.values())


@pytest.mark.parametrize("cursor", ["nonsense", "W10", "WyJhIl0", "bnVsbA", "e30", "WzEsMl0", "é"])
def test_a_cursor_that_is_not_ours_is_refused_with_a_reason(client, cursor):
    answer = client.get("/api/v1/messages", params={"cursor": cursor}, headers=TEK)

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:bma:problem:bad-cursor")


def test_messages_can_be_picked_by_what_they_are_about(client, sent):
    found = client.get("/api/v1/messages", params={"channel": "line", "campaign_id": "renewal"}, headers=TEK).json()

    assert [row["message_id"] for row in found["items"]] == [sent["line"]]
    wrong = client.get("/api/v1/messages", params={"channel": "fax"}, headers=TEK)
    assert wrong.status_code == 422
    assert wrong.json()["wrong"][0]["where"] == "query.channel"


def test_a_suppression_is_there_for_the_very_next_message_and_can_be_lifted_by_us_only(client, rows, written):
    wish = {"channel": "email", "address": "malee@hotel.example", "reason": "asked us by phone"}
    first, again = (client.post("/api/v1/suppressions", json=wish, headers=NOK) for _ in range(2))
    key = first.json()["suppression_id"]

    assert again.json()["suppression_id"] == key
    assert [row["lifted_at"] for row in rows("suppressions")] == [None]
    assert "malee" not in client.get("/api/v1/suppressions", headers=TEK).text
    assert client.delete(f"/api/v1/suppressions/{key}", headers=NOK).status_code == 204
    assert client.get("/api/v1/suppressions", headers=TEK).json()["items"] == []
    assert [line["action"] for line in written()] == ["suppress", "suppress", "lift_suppression"]
    assert not any("malee" in json.dumps(line["detail"]) for line in written())


def test_what_a_person_said_is_not_lifted_by_us(client, sqlite_store, now):
    from core.store import suppressions as kept

    with sqlite_store.begin() as connection:
        key = kept.add(
            connection, channel="all", address=None, contact_id="c1", reason="stop", source="one_click", now=now
        )
    answer = client.delete(f"/api/v1/suppressions/{key}", headers=ADA)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:bma:problem:not-ours")
    with sqlite_store.connect() as connection:
        assert connection.execute(sa.select(suppressions.c.lifted_at)).scalar() is None


@pytest.mark.parametrize(
    "wish",
    [
        {"reason": "of nobody"},
        {"address": "a@b.example", "reason": "no channel"},
        {"contact_id": "c", "reason": ""},
        {"contact_id": "c", "reason": "good", "purpose": "fun"},
        {"contact_id": "c", "reason": "good", "unknown": 1},
    ],
)
def test_a_suppression_that_makes_no_sense_is_refused_without_repeating_it(client, wish):
    answer = client.post("/api/v1/suppressions", json=wish, headers=NOK)

    assert answer.status_code == 422
    assert "a@b.example" not in answer.text


def test_campaigns_segments_and_tables_come_from_the_published_copy_and_say_how_old_it_is(client, published, now):
    segments = client.get("/api/v1/segments", headers=TEK)
    first = client.get("/api/v1/segments/s/members", params={"limit": 2}, headers=TEK).json()
    rest = client.get("/api/v1/segments/s/members", params={"cursor": first["next"]}, headers=TEK).json()

    assert segments.headers["x-data-as-of"] == now.isoformat().replace("+00:00", "Z")
    assert [row["member_count"] for row in segments.json()] == [3]
    assert [row["contact_id"] for row in first["items"] + rest["items"]] == ["c0", "c1", "c2"]
    assert client.get("/api/v1/campaigns/renewal/results", headers=TEK).json() == []
    assert client.get("/api/v1/campaigns/renewal/decisions", headers=TEK).json() == []
    assert client.get("/api/v1/campaigns/none", headers=TEK).status_code == 404


@pytest.mark.parametrize("who", [FIN, NOK], ids=["analyst", "marketer"])
def test_an_export_has_contact_details_for_those_who_may_see_them(client, published, written, tmp_path, who):
    answer = client.get("/api/v1/exports/contacts", headers=who)
    path = tmp_path / "contacts.parquet"
    path.write_bytes(answer.content)
    (email,) = duckdb.sql(f"select email from '{path}'").fetchone()

    assert email == ("malee@hotel.example" if who is NOK else "•••")
    assert written()[-1]["detail"]["with_contact_details"] is (who is NOK)
    csv = client.get("/api/v1/exports/contacts", params={"file_format": "csv"}, headers=who)
    assert csv.text.startswith("contact_id,")
    assert client.get("/api/v1/exports/secrets", headers=who).status_code == 400


def test_nothing_published_yet_is_said_so(client):
    answer = client.get("/api/v1/segments", headers=TEK)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_a_request_has_an_id_a_limit_and_a_line_in_the_log(client, log_as_a_gateway):
    said = log_as_a_gateway()
    answer = client.get("/api/v1/messages", headers={**TEK, "X-Request-ID": "from-the-crm-1"})
    big = client.post("/api/v1/suppressions", content=b" " * (LARGEST_BODY + 1), headers=NOK)
    lines = [json.loads(line) for line in said().splitlines() if line.startswith("{")]

    assert answer.headers["x-request-id"] == "from-the-crm-1"
    assert big.status_code == 413
    (line,) = [each for each in lines if each.get("trace_id") == "from-the-crm-1"]
    assert (line["action"], line["status"], line["user_id"]) == ("GET /api/v1/messages", 200, "user:tek")
    assert line["duration_ms"] >= 0
    assert client.get("/api/v1/messages", headers={**TEK, "X-Request-ID": "a b\tc"}).headers["x-request-id"] != "a b\tc"


def test_only_pages_on_the_list_may_call_from_a_browser(sqlite_store, settings, now):
    listed = settings.model_copy(update={"api_origins": "https://crm.example"})
    with TestClient(create_app(listed, engine=sqlite_store, clock=lambda: now)) as client:
        ask = {"Access-Control-Request-Method": "GET"}
        good, bad = (
            client.options("/api/v1/messages", headers={"Origin": f"https://{name}.example", **ask})
            for name in ("crm", "evil")
        )
    assert good.headers["access-control-allow-origin"] == "https://crm.example"
    assert "access-control-allow-origin" not in bad.headers


def test_a_fault_of_ours_tells_nothing_but_the_request_s_id(client, monkeypatch, log_as_a_gateway):
    said = log_as_a_gateway()
    from gateway.api import messages

    def broken(*_args):
        raise RuntimeError("malee@hotel.example")

    monkeypatch.setattr(messages, "after", broken)
    answer = client.get("/api/v1/messages", headers=TEK)

    assert (answer.status_code, answer.json()["type"]) == (500, "urn:bma:problem:fault")
    lines = [json.loads(line) for line in said().splitlines() if line.startswith("{")]

    assert "malee" not in answer.text + json.dumps(lines)
    assert {line["request_id"] for line in lines} == {answer.json()["request_id"]}
    assert [line["status"] for line in lines if line["event"] == "request"] == [500]


def test_every_answer_is_described_in_the_openapi_document(client):
    paths = client.get("/openapi.json").json()["paths"]

    assert {
        "/api/v1/messages",
        "/api/v1/messages/{message_id}",
        "/api/v1/contacts/{contact_id}/timeline",
        "/api/v1/companies/{company_id}/timeline",
        "/api/v1/campaigns/{campaign_id}/results",
        "/api/v1/segments/{segment_id}/members",
        "/api/v1/conversations",
        "/api/v1/suppressions",
        "/api/v1/exports/{table}",
    } <= paths.keys()


def test_a_token_lasts_as_long_as_it_says(client, now):
    soon = int((now + timedelta(minutes=1)).timestamp())
    assert (
        client.get("/api/v1/messages", headers={"Authorization": f"Bearer {access_token(exp=soon)}"}).status_code == 401
    )
