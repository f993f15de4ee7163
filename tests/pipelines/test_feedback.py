"""Feedback to the CRM: each note once, whatever dies, and what it refuses stops nobody."""

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from core.errors import PermanentError, TransientError
from core.store.tables import crm_notes
from pipelines.crm.client import CrmClient
from pipelines.crm.feedback import Note, tell
from sandbox.crm import StandInCrm
from sandbox.crm_world import make_world

SECRET = "a-secret-of-at-least-32-characters!"


class Door:
    """The way to the stand-in CRM, on which answers can be lost and requests never arrive."""

    def __init__(self, app):
        self.client = TestClient(app)
        self.posts = 0
        self.fate = {}  # number of the POST to /notes/ → lost_before, lost_after or dies

    def __call__(self, request: httpx.Request) -> httpx.Response:
        fate = None
        if request.method == "POST" and request.url.path == "/api/v1/notes/":
            self.posts += 1
            fate = self.fate.get(self.posts)
        if fate == "lost_before":
            raise httpx.ConnectError("away", request=request)
        answer = self.client.request(
            request.method, str(request.url.raw_path, "ascii"), headers=dict(request.headers), content=request.content
        )
        if fate == "lost_after":
            raise httpx.ReadTimeout("no answer", request=request)
        if fate == "dies":
            raise KeyboardInterrupt
        return httpx.Response(answer.status_code, content=answer.content, headers=dict(answer.headers))


@pytest.fixture
def standin(now):
    return StandInCrm(make_world(3, 1, now), now, username="ada", password="p", secret=SECRET)


@pytest.fixture
def door(standin):
    return Door(standin.app())


@pytest.fixture
def crm(door):
    with CrmClient("http://crm", "ada", "p", transport=httpx.MockTransport(door), retry_seconds=0.5) as client:
        yield client


@pytest.fixture
def notes(standin, now):
    companies = list(standin.rows.tables["companies"])
    return [
        Note(f"{number:032x}", "sent", companies[number % 3], None, f"Sent: {number}", "To Malee (line).", now)
        for number in range(6)
    ]


def ours(standin):
    return sorted(row["tags"] for row in standin.rows.tables["notes"].values() if "bma-social" in row.get("tags", ""))


def expected(notes):
    return sorted(f"bma-social,sent,{note.feedback_id}" for note in notes)


def test_every_note_is_told_once_and_the_next_time_nothing_is_asked(crm, sqlite_store, standin, door, notes, now):
    first = tell(crm, sqlite_store, notes, now)
    again = tell(crm, sqlite_store, notes, now + timedelta(hours=1))

    assert (first.told, again.told, door.posts) == (6, 0, 6)
    assert ours(standin) == expected(notes)
    with sqlite_store.connect() as connection:
        assert {row.state for row in connection.execute(sa.select(crm_notes))} == {"told"}


@pytest.mark.parametrize("fate", ["lost_before", "lost_after"])
@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_lost_answer_is_looked_up_before_it_is_told_again(crm, sqlite_store, standin, door, notes, now, fate, number):
    door.fate = {number: fate}
    with pytest.raises(TransientError):
        tell(crm, sqlite_store, notes, now)
    rest = tell(crm, sqlite_store, notes, now)

    assert ours(standin) == expected(notes)
    assert rest.found == (fate == "lost_after")


@pytest.mark.parametrize("number", range(1, 7))
def test_a_process_that_dies_between_request_and_record_tells_nothing_twice(
    crm, sqlite_store, standin, door, notes, now, number
):
    door.fate = {number: "dies"}
    with pytest.raises(KeyboardInterrupt):
        tell(crm, sqlite_store, notes, now)
    tell(crm, sqlite_store, notes, now)

    assert ours(standin) == expected(notes)


def test_a_note_the_crm_refuses_is_kept_with_the_reason_and_the_others_go_on(crm, sqlite_store, standin, notes, now):
    wrong = Note("f" * 32, "sent", notes[0].company_id, None, "Sent", "", now - timedelta(days=1))
    done = tell(crm, sqlite_store, [wrong, *notes], now)

    assert (done.told, done.refused) == (6, 1)
    with sqlite_store.connect() as connection:
        row = connection.execute(sa.select(crm_notes).where(crm_notes.c.feedback_id == "f" * 32)).one()
    assert row.state == "refused"
    assert "required" in row.reason
    assert tell(crm, sqlite_store, [wrong], now).refused == 0


def test_an_opt_out_is_an_issue_on_the_contact(crm, sqlite_store, standin, now):
    contact = next(iter(standin.rows.tables["contacts"].values()))
    note = Note("a" * 32, "opt_out", contact["company"], contact["id"], "Opted out: Malee", "No more mail.", now)
    tell(crm, sqlite_store, [note], now)
    (made,) = [row for row in standin.rows.tables["notes"].values() if "opt_out" in row.get("tags", "")]

    assert (made["contact"], made["note_type"]) == (contact["id"], "Issue")


def test_a_wrong_password_is_said_as_such(door, sqlite_store, notes, now):
    with (
        CrmClient("http://crm", "ada", "wrong", transport=httpx.MockTransport(door)) as client,
        pytest.raises(PermanentError, match="BMA_CRM_PASSWORD"),
    ):
        tell(client, sqlite_store, notes[:1], now)
