"""Threads in the warehouse: who waits until when, in what mood, and which answers count."""

from datetime import timedelta

import pytest

from tests.warehouse.conftest import add
from warehouse.build import build


@pytest.fixture
def thread(warehouse, now):
    """A thread of two messages, an hour ago and half an hour ago, judged; returns what changes it and what reads it."""
    first, last = now - timedelta(hours=1), now - timedelta(minutes=30)
    row = {"conversation_id": "t", "contact_id": "p", "channel": "line", "address": "U1", "status": "open"}
    times = {"opened_at": first, "last_inbound_at": last, "waiting_since": first, "updated_at": last}

    def read(*, judged=(("negative", "high", "operations"), ("unknown", "low", "support")), answer=None, **changes):
        add(warehouse, "journal__conversations", {**row, **times, "message_count": 2, **changes})
        for number, ((sentiment, urgency, department), at) in enumerate(zip(judged, (first, last), strict=False)):
            judgement = {"event_id": f"e{number}", "channel": "line", "address": "U1", "occurred_at": at}
            said = {"sentiment": sentiment, "urgency": urgency, "department": department, "classifier_version": "1"}
            add(warehouse, "journal__judgements", judgement | said)
        if answer:
            message = {"message_id": "m", "campaign_id": "conversation_reply", "contact_id": "p", "channel": "line"}
            add(warehouse, "journal__messages", {**message, "status": answer, "planned_at": now})
        build(warehouse, now=now)
        found = warehouse.execute("from marts.conversations")
        return dict(zip([each[0] for each in found.description], found.fetchone(), strict=True))

    return read


def test_who_waits_is_owed_an_answer_by_the_most_urgent_message_that_waits(thread, now):
    found = thread()

    assert found["waiting_since"] == now - timedelta(hours=1)
    assert (found["urgency"], found["due_at"]) == ("high", now)
    assert (found["sentiment"], found["suggested_department"]) == ("negative", "support")


def test_what_was_not_judged_is_owed_within_four_hours(thread, now):
    found = thread(judged=())

    assert (found["sentiment"], found["urgency"]) == (None, None)
    assert found["due_at"] == now + timedelta(hours=3)


@pytest.mark.parametrize(("status", "waits"), [("accepted", False), ("planned", False), ("failed", True)])
def test_an_answer_that_did_not_arrive_answers_nothing(thread, now, status, waits):
    answered = {"last_outbound_at": now, "first_answered_at": now, "answer_id": "m"}
    found = thread(answer=status, **answered)

    assert (found["waiting_since"] is not None) is waits
    assert found["first_response_seconds"] == 3600


def test_a_closed_thread_waits_for_nothing_and_keeps_its_mood(thread):
    found = thread(status="closed")

    assert (found["waiting_since"], found["due_at"], found["sentiment"]) == (None, None, "negative")
