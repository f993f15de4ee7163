"""The stand-ins are true to what they stand for: the recordings' fields, a clock, and the same people every time."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sandbox.crm import StandInCrm
from sandbox.crm_queries import DEFAULT
from sandbox.crm_world import make_world
from sandbox.people import Taken, reactions

RECORDINGS = Path(__file__).parents[1] / "pipelines" / "recordings"
NOW = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
NESTED = (
    *(("contracts", "line_items"), ("contracts", "contract_zones"), ("invoices", "line_items")),
    *(("quotes", "line_items"), ("quotes", "activities"), ("tasks", "comments")),
)


@pytest.fixture
def crm():
    return StandInCrm(make_world(60, 7, NOW), NOW, username="ada", password="right", secret="s" * 32)


@pytest.fixture
def client(crm):
    with TestClient(crm.app(), follow_redirects=False) as client:
        login = client.post("/api/v1/auth/login/", json={"username": "ada", "password": "right"}).json()
        client.headers["authorization"] = f"Bearer {login['access']}"
        yield client


@pytest.mark.parametrize("kind", DEFAULT)
def test_rows_have_the_recorded_fields_and_types(client, kind):
    recorded = json.loads((RECORDINGS / f"{kind}.json").read_text())["list"]["body"]
    answered = client.get(f"/api/v1/{kind}/").json()

    assert answered.keys() == recorded.keys()
    always = set.intersection(*(set(row) for row in recorded["results"]))
    kinds = defaultdict(set)  # a few fields are left out when they are empty, in the original too
    for row in recorded["results"]:
        for name, value in row.items():
            kinds[name].add(type(value).__name__)
    for row in answered["results"]:
        assert always <= row.keys() <= kinds.keys()
        for name, value in row.items():
            assert value is None or kinds[name] == {"NoneType"} or type(value).__name__ in kinds[name], name


@pytest.mark.parametrize(("kind", "field"), NESTED)
def test_rows_inside_a_record_have_the_recorded_fields_and_ids_of_their_own(client, kind, field):
    recorded = json.loads((RECORDINGS / f"{kind}.json").read_text())["list"]["body"]["results"]
    expected = next(row[field][0].keys() for row in recorded if row[field])
    rows = client.get(f"/api/v1/{kind}/?page_size=1000").json()["results"]
    inside = [each for row in rows for each in row[field]]

    assert inside
    assert all(each.keys() == expected for each in inside)
    assert len({each["id"] for each in inside}) == len(inside)


def test_what_belongs_to_a_deleted_row_goes_with_it(client):
    def left(kind):
        return client.get(f"/api/v1/{kind}/?page_size=1000").json()["results"]

    comment = left("ticket-comments")[0]
    company = client.get(f"/api/v1/tickets/{comment['ticket']}/").json()["company"]
    client.delete(f"/api/v1/companies/{company}/")

    assert client.get(f"/api/v1/ticket-comments/{comment['id']}/").status_code == 404
    assert all(row["company"] != company for kind in ("quotes", "tasks", "email-logs") for row in left(kind))


def test_the_default_order_loses_rows_and_a_complete_one_does_not(client):
    def walk(**query):
        seen, page = [], 1
        while True:
            body = client.get("/api/v1/zones/", params={**query, "page": page, "page_size": 10}).json()
            seen += [row["id"] for row in body["results"]]
            if body["next"] is None:
                return seen, body["count"]
            page += 1

    loose, count = walk(ordering="status")
    complete, _ = walk(ordering="id")
    assert len(loose) == len(complete) == count
    assert len(set(complete)) == count
    assert len(set(loose)) < count


def test_answers_are_as_of_the_clock(client):
    def contracts():
        return {row["id"]: row["status"] for row in client.get("/api/v1/contracts/?page_size=1000").json()["results"]}

    before = contracts()
    client.post("/_sandbox/clock", json={"now": (NOW + timedelta(days=120)).isoformat()})
    after = contracts()

    assert before.keys() < after.keys()
    assert any(after[key] != status for key, status in before.items())


def test_errors_are_the_recorded_ones(client):
    assert client.get("/api/v1/contracts/?status=Nope").status_code == 400
    assert client.get("/api/v1/companies").status_code == 301
    assert client.get("/api/v1/contacts/?page=9999").json() == {"detail": "Invalid page."}
    client.headers["authorization"] = "Bearer nonsense"
    refused = client.get("/api/v1/contacts/")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_not_valid")


def test_the_same_seed_makes_the_same_world_and_another_does_not():
    def names(seed):
        return [entity.values["name"] for entity in make_world(20, seed, NOW).entities["companies"]]

    assert names(7) == names(7) != names(8)


@pytest.mark.parametrize("channel", ["whatsapp", "line", "email"])
def test_people_react_by_the_seed_alone(channel):
    def acts(key):
        taken = Taken(channel, key, "someone", NOW, "p", links=["http://x/t/c/1"], pixel="http://x/t/o/1.gif")
        return list(reactions(7, taken))

    assert acts("m1") == acts("m1")
    assert len({repr(acts(f"m{number}")) for number in range(50)}) > 10


def test_nobody_in_the_stand_in_world_is_real():
    world = make_world(200, 7, NOW)

    for entity in world.entities["contacts"]:
        assert entity.values["email"].endswith(".example")
    for entity in world.entities["companies"]:
        assert entity.values["website"].endswith(".example")
