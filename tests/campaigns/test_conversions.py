"""What counts as a campaign's success: from which rows, within which days, and for whom there is none."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from campaigns.playbooks import Playbook, read_playbook, read_playbooks
from core.vocabulary import Conversion
from tests.campaigns.conftest import Town
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import with_upstream

_RESULTS = with_upstream("marts.campaign_lift", "marts.conversion_goals")
# How a company's story ends: its arm, and by how many days success is late; None: it never comes.
_FATES = {"treated": ("send", 0), "kept": ("holdout", 0), "late": ("send", 1), "nothing": ("send", None)}


def _seen(town: Town, entity: str, subject: str, value: str) -> None:
    change = {"entity": entity, "entity_id": subject, "field": "status", "new_value": value, "old_value": "before"}
    add(town.connection, "crm__history", {**change, "valid_from": town.now})


def _sign(town: Town, _company: str, subject: str) -> None:
    town.change("contracts", subject, status="Active")
    _seen(town, "contracts", subject, "Active")


def _answer(town: Town, company: str, _subject: str = "", kind: str = "replied") -> None:
    event = {"event_id": f"{kind} {company} {town.now}", "event_type": kind, "channel": "whatsapp", "actor": "human"}
    add(town.connection, "journal__events", {**event, "contact_id": f"of {company}", "occurred_at": town.now})


# Of each conversion: the days, what a decision is about, and how success comes about.
_GOALS: dict[Conversion, tuple[int, Callable[[Town, str], str], Callable[[Town, str, str], object]]] = {
    Conversion.RENEWED: (
        45,
        lambda town, company: town.contract(company, ends_in=10),
        lambda town, company, old: town.contract(company, ends_in=400, renewed_from=old, status="Draft"),
    ),
    Conversion.PAID: (
        21,
        lambda town, company: town.invoice(company, late=8),
        lambda town, _company, subject: town.change("invoices", subject, status="Paid", paid_date=town.today),
    ),
    Conversion.BACK_ONLINE: (
        2,
        lambda town, company: town.zone(company, hours_off=10),
        lambda town, _company, subject: _seen(town, "zones", subject, "online"),
    ),
    Conversion.QUOTE_ACCEPTED: (
        30,
        lambda town, company: town.quote(company, sent=4),
        lambda town, _company, subject: town.change("quotes", subject, status="Accepted", accepted_date=town.today),
    ),
    Conversion.CONTRACT_SIGNED: (30, lambda town, company: town.contract(company, ends_in=300, status="Sent"), _sign),
    Conversion.DEAL_WON: (
        45,
        lambda town, company: town.row("opportunities", company=company, stage="Contacted", is_active=True),
        lambda town, _company, subject: town.change("opportunities", subject, stage="Won", stage_changed_at=town.now),
    ),
    Conversion.CAME_BACK: (
        90,
        lambda town, company: town.contract(company, ends_in=-40),
        lambda town, company, _subject: town.contract(company, ends_in=400),
    ),
    Conversion.REPLIED: (14, lambda _town, company: company, _answer),
    Conversion.NONE: (0, lambda _town, company: company, _answer),
}


def _decided(town: Town, book: Playbook, outcome: str = "send") -> tuple[str, str]:
    """Let a campaign have decided about a company with somebody in it; returns it, and what it was about."""
    company = town.company()
    town.contact(company, id=f"of {company}")
    subject = _GOALS[book.conversion][1](town, company)
    town.now += timedelta(minutes=1)
    row = {"run_id": book.campaign_id, "campaign_id": book.campaign_id, "step": "1", "outcome": outcome, "reason": ""}
    row |= {
        "contact_id": f"of {company}",
        "company_id": company,
        "channel": "email",
        "variant": "a",
        "snapshot_id": "s",
    }
    kinds = {"pay": "invoice", "zon": "zone", "quo": "quote", "sta": "opportunity"}
    about = {"subject_type": kinds.get(book.campaign_id[:3], "contract"), "subject_id": subject}
    add(town.connection, "campaigns__decisions", {**row, **about, "decided_at": town.now})
    return company, subject


def _defined(town: Town, book: Playbook) -> None:
    definition = book.model_dump(mode="json")
    row = {"campaign_id": book.campaign_id, "name": "n", "purpose": definition["purpose"], "status": "scheduled"}
    add(town.connection, "journal__campaigns", {**row, "definition": json.dumps(definition), "definition_version": 1})


def _results(town: Town) -> dict[str, tuple[str, int | None, int | None, float | None]]:
    build(town.connection, now=town.now, select=_RESULTS)
    query = "select campaign_id, conversion, converted, converted_holdout, lift from marts.campaign_lift"
    return {campaign: tuple(rest) for campaign, *rest in town.connection.execute(query).fetchall()}


def test_every_playbook_says_what_its_success_is_and_every_goal_is_explained(town):
    build(town.connection, now=town.now, select=_RESULTS)
    goals = dict(town.connection.execute("select conversion, days from marts.conversion_goals").fetchall())

    assert [book.campaign_id for book in read_playbooks() if book.conversion is None] == []
    assert goals == {str(goal): days for goal, (days, _, _) in _GOALS.items()}


def test_each_playbook_counts_its_own_success_in_both_arms_within_its_days_and_not_after_them(town):
    began, told = town.now, {}
    for book in read_playbooks():
        _defined(town, book)
        days, _, succeed = _GOALS[book.conversion]
        for fate, (outcome, late) in _FATES.items():
            town.now = began
            company, subject = _decided(town, book, outcome)
            told[company] = (book.campaign_id, fate)
            if late is not None:
                town.now += timedelta(days=(book.conversion_days or days) + late)
                succeed(town, company, subject)
    _results(town)
    found = town.connection.execute("select company_id, is_converted from marts._treatments").fetchall()

    assert len(found) == len(read_playbooks()) * len(_FATES)
    for company, is_converted in found:
        campaign_id, fate = told[company]
        expected = None if campaign_id == "onboarding" else fate in ("treated", "kept")
        assert is_converted is expected, (campaign_id, fate)


def test_a_campaign_that_only_informs_has_no_conversion_instead_of_none_that_happened(town):
    _defined(town, read_playbook("onboarding"))
    for outcome in ("send", "holdout"):
        company, _ = _decided(town, read_playbook("onboarding"), outcome)
        _answer(town, company)

    assert _results(town) == {"onboarding": ("none", None, None, None)}


def test_a_zone_that_came_back_stays_a_success_when_it_is_seen_online_ever_after(town):
    book = read_playbook("zone_offline")
    _, zone = _decided(town, book)
    _defined(town, book)
    town.now += timedelta(hours=5)
    _seen(town, "zones", zone, "online")
    town.change("zones", zone, status="online", last_seen_online=town.now + timedelta(days=30))

    assert _results(town)["zone_offline"][:2] == ("back_online", 1)


@pytest.mark.parametrize(("kind", "converted"), [("unsubscribed", 0), ("clicked", 1)])
def test_who_only_says_stop_has_not_answered(town, kind, converted):
    book = read_playbook("quarterly_checkin")
    company, _ = _decided(town, book)
    _defined(town, book)
    town.now += timedelta(hours=5)
    _answer(town, company)
    _answer(town, company, kind=kind)

    assert _results(town)["quarterly_checkin"][:2] == ("replied", converted)


def test_a_new_contract_that_is_only_drafted_brings_nobody_back(town):
    book = read_playbook("win_back")
    company, _ = _decided(town, book)
    _defined(town, book)
    town.now += timedelta(days=1)
    town.contract(company, ends_in=400, status="Draft")

    assert _results(town)["win_back"][:2] == ("came_back", 0)


def test_a_campaign_of_people_that_names_no_success_has_that_of_what_it_is_about(town):
    book = read_playbook("payment_overdue")
    company, invoice = _decided(town, book)
    _defined(town, book.model_copy(update={"conversion": None}))
    town.now += timedelta(days=1)
    _GOALS[book.conversion][2](town, company, invoice)

    assert _results(town)["payment_overdue"][:2] == ("paid", 1)
