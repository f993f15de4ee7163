"""What the CRM is told: one note a run and company, replies, opt-outs and conversations; no old tales."""

from datetime import timedelta

import pytest

from tests.warehouse.conftest import add
from warehouse.build import build


@pytest.fixture
def story(warehouse, now):
    """Two people of one company, written to four days ago; one opened and answered, the other opted out."""
    base = {"campaign_id": "renewal", "run_id": "r1", "step": "renewal_30", "company_id": "k", "channel": "email"}
    add(warehouse, "crm__companies", {"id": "k", "name": "Lotus Bay", "country": "Thailand", "_is_deleted": False})
    for name in ("ann", "bob"):
        row = {"id": name, "company": "k", "name": name.title(), "is_active": True, "_is_deleted": False}
        add(warehouse, "crm__contacts", row)
        at = now - timedelta(days=4)
        message = {"message_id": name, "contact_id": name, "status": "delivered", "planned_at": at, "accepted_at": at}
        add(warehouse, "journal__messages", {**base, **message})
    _event(warehouse, "e1", "ann", "read", now - timedelta(days=3))
    _event(warehouse, "e2", "ann", "replied", now - timedelta(days=3), detail='{"text": "Yes please"}')
    suppression = {"suppression_id": "s", "contact_id": "bob", "channel": "all", "purpose": "all"}
    said = {"reason": "unsubscribed", "source": "one_click", "created_at": now - timedelta(hours=1)}
    add(warehouse, "journal__suppressions", {**suppression, **said})
    return warehouse


def _event(warehouse, event_id, message_id, event_type, at, detail="{}"):
    add(
        warehouse,
        "journal__events",
        {
            "event_id": event_id,
            "message_id": message_id,
            "contact_id": message_id,
            "channel": "email",
            "event_type": event_type,
            "occurred_at": at,
            "recorded_at": at,
            "detail": detail,
        },
    )


def told(warehouse, now):
    build(warehouse, now=now)
    rows = warehouse.execute("select kind, contact_id, note_title, note_text from marts.crm_feedback").fetchall()
    return {kind: rest for kind, *rest in rows}


def test_a_run_is_one_note_and_what_came_of_it_another(story, now):
    notes = told(story, now)

    assert notes["sent"] == [None, "Sent: renewal 30", "Campaign renewal, to Ann (email), Bob (email)."]
    assert notes["engagement"][2] == ("Within three days, of 2 sent: 1 opened by a person, 0 clicked, 1 answered.")
    assert notes["received"] == ["ann", "Received by email from Ann", "Yes please"]
    assert notes["opt_out"][:2] == ["bob", "Opted out: Bob"]


def test_a_run_is_not_told_while_one_of_its_messages_waits(story, now):
    story.execute("update raw.journal__messages set status = 'planned', accepted_at = null where message_id = 'bob'")

    assert "sent" not in told(story, now)


def test_what_came_of_it_is_told_after_three_days_and_not_before(story, now):
    assert "engagement" not in told(story, now - timedelta(days=2))


def test_old_tales_and_companies_that_are_gone_are_not_told(story, now):
    assert told(story, now + timedelta(days=40)) == {}
    story.execute("update raw.crm__companies set _is_deleted = true")
    assert told(story, now) == {}


def test_telling_the_same_has_the_same_id(story, now):
    build(story, now=now)
    first = story.execute("select feedback_id from marts.crm_feedback order by all").fetchall()
    build(story, now=now + timedelta(hours=1))

    assert story.execute("select feedback_id from marts.crm_feedback order by all").fetchall() == first


def test_an_address_that_bounced_is_not_called_an_opt_out(story, now):
    story.execute("update raw.journal__suppressions set source = 'bounced'")

    assert told(story, now)["opt_out"][1] == "Cannot be reached: Bob"


def test_a_rest_is_told_as_one_with_its_end(story, now):
    story.execute(
        "update raw.journal__suppressions set source = 'rest', purpose = 'marketing', "
        "reason = 'asked for a rest until 1 April 2026'"
    )

    assert told(story, now)["opt_out"] == [
        "bob",
        "Wants no messages for a while: Bob",
        "No more messages about marketing by all: asked for a rest until 1 April 2026 (rest).",
    ]


def test_a_thread_that_is_handed_over_is_one_note_and_again_to_another_department_a_second(story, now):
    at = now - timedelta(hours=3)
    thread = {"conversation_id": "t", "contact_id": "ann", "channel": "line", "address": "U1", "status": "open"}
    when = {"opened_at": at, "last_inbound_at": at, "waiting_since": at, "updated_at": at, "assigned_at": at}
    add(story, "journal__conversations", {**thread, **when, "message_count": 1, "department": "finance"})
    ids = "select feedback_id from marts.crm_feedback where kind = 'handover'"
    notes = told(story, now)
    first, again = story.execute(ids).fetchall(), told(story, now) and story.execute(ids).fetchall()
    story.execute(
        "update raw.journal__conversations set department = 'sales', assigned_at = assigned_at + interval 1 hour"
    )
    told(story, now)

    assert notes["handover"][:2] == ["ann", "Handed over to finance: Ann"]
    assert "waits for an answer" in notes["handover"][2]
    assert first == again != story.execute(ids).fetchall()
