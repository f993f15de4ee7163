"""The nightly report of drift: which rows changed or went without anybody having told us, and which did not."""

from datetime import timedelta

import pytest

from tests.pipelines.conftest import NOW

NIGHT = NOW + timedelta(hours=12)
FOUND = "select collection, kind, entity_id, fields, compared_rows from raw.crm__drift order by collection, entity_id"


def first(standin, kind):
    return next(iter(standin.rows[kind].values()))


@pytest.fixture
def followed(load):
    """Everything was loaded, and looked at again since."""
    load()
    load(now=NIGHT - timedelta(hours=1))


def test_a_quiet_night_has_no_drift_and_says_that_it_compared(followed, load, ask):
    report = load(mode="full", now=NIGHT)

    assert report.drift == {} and ask(FOUND) == []
    assert ask("select mode, row_count, loaded_at from raw.crm__loads where table_name = 'crm__drift'") == [
        ("full", 0, NIGHT)
    ]


def test_a_bulk_edit_is_silent_a_backdated_one_late_and_a_row_nobody_saw_unseen(followed, load, ask, standin):
    silent, late = list(standin.rows["contacts"].values())[:2]
    silent["title"], silent["is_active"] = "Quiet", not silent["is_active"]
    late["title"] = "Late"
    late["updated_at"] = (NOW - timedelta(hours=3)).isoformat()
    unseen = {**first(standin, "zones"), "id": "5a5a5a5a-0000-4000-8000-000000000000"}
    unseen["updated_at"] = unseen["created_at"] = (NOW - timedelta(days=40)).isoformat()
    standin.rows["zones"][unseen["id"]] = unseen
    report = load(mode="full", now=NIGHT)

    contacts, zones = len(standin.rows["contacts"]), len(standin.rows["zones"])
    assert ask(FOUND) == sorted(
        [
            ("contacts", "silent", silent["id"], '["is_active", "title"]', contacts),
            ("contacts", "late", late["id"], '["title"]', contacts),
            ("zones", "unseen", unseen["id"], "[]", zones),
        ],
        key=lambda row: (row[0], row[2]),
    )
    assert report.drift == {"contacts": 2, "zones": 1}


def test_a_deletion_is_drift_and_is_told_once(followed, load, ask, standin):
    gone = first(standin, "tickets")
    del standin.rows["tickets"][gone["id"]]
    load(mode="full", now=NIGHT)
    load(mode="full", now=NIGHT + timedelta(days=1))

    assert [row[:3] for row in ask(FOUND)] == [("tickets", "deleted", gone["id"])]


def test_what_moved_since_the_last_look_would_have_come_by_itself(followed, load, ask, standin):
    changed = first(standin, "companies")
    changed["city"], changed["updated_at"] = "Krabi", (NIGHT - timedelta(minutes=5)).isoformat()
    load(mode="full", now=NIGHT)

    assert ask("select city from raw.crm__companies where id = ?", changed["id"]) == [("Krabi",)]
    assert ask(FOUND) == []


def test_a_first_load_has_no_drift(load, ask):
    assert load(mode="full").drift == {}
    assert ask(FOUND) == []
