"""One person of a company, or all of them: what is about people goes to no colleague the next day."""

from datetime import timedelta

import pytest

from campaigns import definitions, segments
from campaigns.lifecycle import run_campaign
from core.store import campaigns as store_campaigns
from tests.campaigns.conftest import Town

_SEGMENT = {
    "segment_id": "hotel_people",
    "name": "People of Thai hotels",
    "name_th": "ผู้ติดต่อของโรงแรมไทย",
    "step": "news",
    "where": {"field": "company.country", "is": "Thailand"},
}
_WORDS = {"required": ["contact_name"], "en": {"subject": "News", "text": "Dear {{ contact_name }}, there is news."}}
_CAMPAIGN = {
    "campaign_id": "hotel_news",
    "name": "Hotel news",
    "name_th": "ข่าวโรงแรม",
    "purpose": "seasonal",
    "segment": "hotel_people",
    "templates": {"news": "hotel_news"},
    "messages": {"hotel_news": _WORDS},
    "channels": ["email"],
    "roles": ["Primary", "Other"],
    "cron": "0 10 * * *",
    "priority": 8,
    "holdout_share": 0.0,
    "holdout_family": "news",
    "most_in_seven_days": 9,
    "most_data_age_hours": 26,
    "respects_crm_hold": True,
    "expires_after_hours": 24,
}


@pytest.fixture
def company(town: Town) -> str:
    """A hotel with three people, and a segment of people."""
    segments.save(town.store, _SEGMENT, actor="nok", now=town.now)
    company = town.company()
    for role in ("Other", "Primary", "Other"):
        town.contact(company, contact_type=role)
    return company


def _run(town: Town, **changes: str) -> dict[str, int]:
    book = definitions.read({**_CAMPAIGN, **changes})
    with town.store.begin() as store:
        store_campaigns.save_campaign(store, book.model_dump(mode="json"), town.now, origin="playbook")
    town.settle()
    return run_campaign(town.connection, town.store, book, now=town.now).outcomes


def _written(town: Town) -> list[str]:
    return [message.contact_id for message in sorted(town.planned(), key=lambda each: each.planned_at)]


def test_no_colleague_gets_it_the_next_day_nor_after_the_first_has_left(town, company):
    outcomes = [_run(town)]
    for days in (2, 1):
        town.now += timedelta(days=days)
        outcomes.append(_run(town))
    town.change("contacts", "contacts-0002", is_active=False)
    town.now += timedelta(days=1)
    outcomes.append(_run(town))

    assert _written(town) == ["contacts-0002"]  # the main contact
    assert outcomes[0] == {"account_limit": 2, "send": 1}
    assert outcomes[1] == outcomes[2] == {"account_limit": 2, "already_sent": 1}
    assert outcomes[3] == {"account_limit": 1, "already_sent": 1}


def test_a_campaign_that_writes_to_all_reaches_each_once(town, company):
    first = _run(town, recipients="all")
    town.now += timedelta(days=2)
    town.contact(company, contact_type="Other")
    second = _run(town, recipients="all")
    town.now += timedelta(days=1)
    third = _run(town, recipients="all")

    assert (first, second, third) == ({"send": 3}, {"already_sent": 3, "send": 1}, {"already_sent": 4})
    assert sorted(_written(town)) == [f"contacts-{number:04}" for number in (1, 2, 3, 4)]


def test_all_of_a_company_are_told_of_its_contract_and_each_of_one_contract_at_a_time(town):
    company = town.company()
    for _ in range(2):
        town.contact(company)
    for _ in range(2):
        town.contract(company, ends_in=10)
    first = town.run("renewal", recipients="all", held_while=[])
    second = town.run("renewal", recipients="all", builds=False)
    town.now += timedelta(days=2)
    third = town.run("renewal", recipients="all", most_in_seven_days=9)

    assert first.outcomes == {"account_limit": 2, "send": 2}
    assert second.planned == 0  # the same occurrence
    assert third.outcomes == {"account_limit": 2, "send": 2}
    assert len({(message.contact_id, message.subject_id) for message in town.planned()}) == 4
