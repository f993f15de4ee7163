"""A campaign may let each person's message wait for the hour at which the person reacts most."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from campaigns.playbooks import Playbook, read_playbook
from core.store import outbox
from tests.warehouse.conftest import add


def score(town, contact, hour):
    row = {
        "contact_id": contact,
        "company_id": "c",
        "best_hour": hour,
        "best_weekday": 1,
        "state": "scored",
        "basis": "contact",
    }
    shares = {"score": 0.3, "score_low": 0.1, "score_high": 0.5, "evidence_count": 9}
    add(
        town.connection,
        "predictions__send_time_scores",
        {**row, **shares, "model_version": "v", "scored_at": town.now - timedelta(hours=3)},
    )


@pytest.fixture
def person(town):
    company = town.company()
    town.contract(company, ends_in=13)
    return town.contact(company)


def decided(town):
    query = "select outcome, reason, deferred_until from raw.campaigns__decisions"
    return town.connection.execute(query).fetchall()


def claimed(town, at):
    with town.store.begin() as connection:
        lease = timedelta(minutes=1)
        return list(outbox.claim_fairly(connection, channel="email", worker="w", limit=9, now=at, lease=lease))


def test_the_message_waits_for_the_persons_best_hour_and_its_decision_says_so(town, person):
    score(town, person, 14)
    town.run("renewal", send_time="best_hour")

    at_two = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)  # in Bangkok
    reason = "no rule speaks against it; it goes at 14:00, when this person reacts most"
    assert decided(town) == [("send", reason, at_two)]
    assert claimed(town, at_two - timedelta(minutes=1)) == []
    assert len(claimed(town, at_two)) == 1


@pytest.mark.parametrize("hour", [9, 10, None])
def test_who_has_no_better_hour_today_is_written_to_at_once(town, person, hour):
    score(town, person, hour)
    town.run("renewal", send_time="best_hour")

    assert decided(town) == [("send", "no rule speaks against it", None)]
    assert len(claimed(town, town.now)) == 1


def test_a_campaign_that_does_not_ask_for_it_waits_for_nobodys_hour(town, person):
    score(town, person, 14)
    town.run("renewal")

    assert decided(town) == [("send", "no rule speaks against it", None)]


def test_a_message_must_live_as_long_as_it_may_wait():
    shown = {**read_playbook("renewal").model_dump(), "send_time": "best_hour", "expires_after_hours": 7}
    with pytest.raises(ValidationError, match="the best hour may be 8 hours away"):
        Playbook(**shown)
