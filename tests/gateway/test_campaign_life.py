"""A campaign's life by the API: the same steps as elsewhere, by those who may, each with its line in the audit log."""

import pytest
import sqlalchemy as sa

from core.store import service_tokens
from core.store.tables import audit, holds, templates
from core.vocabulary import Role
from tests.campaigns.made import definition
from tests.gateway.conftest import signed_in

LIST = "/api/v1/campaigns"
SONG = f"{LIST}/song_week"
ADA, NOK, FIN, TEK = (signed_in(name) for name in ("ada", "nok", "fin", "tek"))
STEPS = ("check", "approve", "schedule", "pause", "resume", "cancel")


@pytest.fixture
def act(client):
    """Take a step; returns status and body."""

    def post(step, who=NOK, **body):
        answer = client.post(f"{SONG}/{step}", json=body or None, headers=who)
        return answer.status_code, answer.json()

    return post


@pytest.fixture
def drafted(client, place):
    """A draft of nok's, over a published copy."""
    answer = client.post(LIST, json={"definition": definition(cron="0 9 * * *")}, headers=NOK)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_campaign_is_drafted_checked_approved_by_another_scheduled_paused_resumed_and_cancelled(
    act, drafted, sqlite_store, client
):
    assert drafted["status"] == "draft"
    status, found = act("check")
    assert (status, found["status"], found["problems"]) == (200, "checked", [])
    assert act("approve")[0] == 409  # nok wrote it
    assert act("approve", ADA) == (200, {**drafted, "status": "approved", "approved_by": "user:ada"})
    status, found = act("schedule")
    assert (status, found["status"]) == (200, "scheduled")
    assert found["next_run"] is not None
    assert act("pause", reason="wrong price")[1]["status"] == "paused"
    with sqlite_store.connect() as connection:
        held = connection.execute(sa.select(holds.c.scope, holds.c.reason)).all()
    assert act("resume")[1]["status"] == "scheduled"
    assert act("cancel")[1] == {
        **drafted,
        "status": "cancelled",
        "approved_by": "user:ada",
        "cancelled": 0,
    }
    with sqlite_store.connect() as connection:
        lines = connection.execute(sa.select(audit.c.action, audit.c.actor).where(audit.c.target == "song_week"))
        said = [tuple(line) for line in lines]

    assert held == [("campaign:song_week", "wrong price")]
    assert said == [
        ("draft", "user:nok"),
        ("check", "user:nok"),
        ("approve", "user:ada"),
        ("schedule", "user:nok"),
        ("pause", "user:nok"),
        ("resume", "user:nok"),
        ("cancel", "user:nok"),
    ]
    assert client.get(SONG, headers=TEK).json()["status"] == "cancelled"


def test_whose_role_is_too_low_takes_no_step(client, drafted, act):
    for who in (FIN, TEK):
        assert client.post(LIST, json={"definition": definition()}, headers=who).status_code == 403
        assert {act(step, who, **({"reason": "because"} if step == "pause" else {}))[0] for step in STEPS} == {403}
    assert client.get(SONG, headers=TEK).json()["status"] == "draft"


def test_a_machine_approves_nothing(act, drafted, sqlite_store, now):
    with sqlite_store.begin() as connection:
        token = service_tokens.create(connection, name="robot", role=Role.ADMIN, now=now)[1]
    machine = {"Authorization": f"Bearer {token}"}
    assert act("check", machine)[0] == 200

    status, problem = act("approve", machine)
    assert (status, problem["type"]) == (403, "urn:bma:problem:person-needed")


def test_a_step_out_of_order_is_refused_with_what_to_do_first(act, drafted):
    for step in ("approve", "schedule", "resume"):
        status, problem = act(step, ADA)
        assert (status, problem["type"]) == (409, "urn:bma:problem:not-now")
    assert "check" in act("approve", ADA)[1]["detail"]
    assert act("pause", reason="because")[0] == 409


def test_what_there_is_not_is_404_and_a_wrong_definition_400(client, act, sqlite_store):
    assert {act(step, **({"reason": "because"} if step == "pause" else {}))[0] for step in STEPS} == {404}
    answer = client.post(LIST, json={"definition": definition(cron="")}, headers=NOK)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:bma:problem:wrong-definition")


def test_without_a_published_copy_nothing_can_be_checked(client, act, sqlite_store):
    assert client.post(LIST, json={"definition": definition()}, headers=NOK).status_code == 201
    assert act("check")[0] == 503


def test_a_playbook_is_paused_before_it_ever_ran(client, sqlite_store):
    answer = client.post(f"{LIST}/renewal/pause", json={"reason": "wrong price"}, headers=NOK)
    assert (answer.status_code, answer.json()["status"]) == (200, "paused")


def test_templates_are_listed_by_pages_with_the_word_of_the_provider_and_every_version(client, sqlite_store, now):
    rows = [
        {"template_id": name, "channel": channel, "language": "en", "version": version}
        for name, channel, version in [("a", "email", 1), ("a", "email", 2), ("a", "whatsapp", 1), ("b", "line", 1)]
    ]
    common = {"content_hash": "h", "content": {"text": "Hello"}, "quality": None, "created_at": now, "updated_at": now}
    with sqlite_store.begin() as connection:
        for row in rows:
            state = "pending" if row["channel"] == "whatsapp" else "approved"
            connection.execute(sa.insert(templates).values(**row, **common, provider_status=state))
    first = client.get("/api/v1/templates?limit=2", headers=TEK).json()
    rest = client.get(f"/api/v1/templates?limit=2&cursor={first['next']}", headers=TEK).json()
    versions = client.get("/api/v1/templates/a", headers=TEK).json()["items"]

    places = [(row["template_id"], row["channel"], row["version"]) for row in (*first["items"], *rest["items"])]
    assert places == [("a", "email", 2), ("a", "whatsapp", 1), ("b", "line", 1)]
    assert rest["next"] is None
    assert [(row["version"], row["provider_status"]) for row in versions] == [
        (1, "approved"),
        (2, "approved"),
        (1, "pending"),
    ]
    assert client.get("/api/v1/templates?channel=line", headers=TEK).json()["items"][0]["template_id"] == "b"
    assert client.get("/api/v1/templates/a/email/en/1", headers=TEK).json()["content"] == {"text": "Hello"}
    assert client.get("/api/v1/templates/a/email/en/9", headers=TEK).status_code == 404
    assert client.get("/api/v1/templates/none", headers=TEK).status_code == 404
    assert client.get("/api/v1/templates").status_code == 401
