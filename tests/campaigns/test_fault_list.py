"""The mistakes this business once made, and those it was afraid of: each is shown to be impossible, up to the wire."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from campaigns import lifecycle, templates
from campaigns.playbooks import Variant, read_playbook, read_playbooks
from core.errors import PermanentError
from core.store import suppressions
from core.store.tables import messages
from core.vocabulary import Channel
from senders.templates import MissingVariableError, Template
from tests.campaigns.conftest import Town
from tests.campaigns.occasions import OCCASIONS
from tests.senders.working import GOOD, work

BY_WHATSAPP = {"preferred_contact_method": "Mobile", "mobile": "0812345678"}


def sent(town: Town) -> list[bytes]:
    """Cancel what is no longer true, send the rest to a provider, and return what the provider got."""
    town.cancel()
    _, peer = work(town.store, GOOD, clock=lambda: town.now)
    return peer.taken


def ended(town: Town) -> list[tuple[str, str]]:
    return [(message.status, message.reason or "") for message in town.planned()]


def rename_campaign(town: Town, name: str) -> None:
    """Let another campaign have decided all that was decided so far."""
    town.connection.execute("update raw.campaigns__decisions set campaign_id = ?", [name])


def test_a_company_with_0_zones_is_not_asked_how_its_zones_are(town):
    company = town.company()
    town.contact(company, **BY_WHATSAPP)
    OCCASIONS["quarterly_checkin"](town, company)
    town.connection.execute("update raw.crm__zones set _is_deleted = true")

    assert town.run("quarterly_checkin").audience == 0


def test_nobody_is_told_of_0_zones_on_any_channel_in_any_language(town):
    company = town.company()
    town.contact(company, **BY_WHATSAPP)
    town.contract(company, ends_in=30)
    town.connection.execute("update raw.crm__zones set _is_deleted = true")
    town.run("renewal")
    (message,) = town.planned()

    assert sent(town) == []
    assert [(status, "zone_count" in reason) for status, reason in ended(town)] == [("failed", True)]
    for (template_id, channel, _), content in templates.contents(read_playbook("renewal")).items():
        if template_id == message.template_id:
            with pytest.raises(MissingVariableError, match="zone_count"):
                Template(content, Channel(channel)).render(message.variables)


def test_a_contract_that_gets_a_successor_between_plan_and_send_is_not_reminded_of(town):
    company = town.company()
    town.contact(company, **BY_WHATSAPP)
    ending = town.contract(company, ends_in=10)
    assert town.run("renewal").planned == 1
    town.contract(company, ends_in=375, renewed_from=ending, status="Draft")

    assert sent(town) == []
    assert ended(town) == [("cancelled", "renewed, or no longer active")]


def test_a_multi_year_contract_opted_out_of_reminders_is_not_reminded_of_at_any_step(town):
    for ends_in in (30, 14, 7, 2):
        company = town.company()
        town.contact(company)
        town.contract(company, ends_in=ends_in, contract_type="Custom", send_renewal_reminders=False)

    assert town.run("renewal").audience == 0


def test_a_multi_year_contract_opted_out_between_plan_and_send_is_not_reminded_of(town):
    company = town.company()
    town.contact(company, **BY_WHATSAPP)
    contract = town.contract(company, ends_in=10)
    assert town.run("renewal").planned == 1
    town.change("contracts", contract, send_renewal_reminders=False)

    assert sent(town) == []
    assert [status for status, _ in ended(town)] == ["cancelled"]


def test_who_pays_between_plan_and_send_is_not_reminded(town):
    company = town.company()
    town.contact(company, **BY_WHATSAPP)
    invoice = town.invoice(company, late=8)
    assert town.run("payment_overdue").planned == 1
    town.change("invoices", invoice, status="Paid", paid_date=town.today)

    assert sent(town) == []
    assert ended(town) == [("cancelled", "paid, or no longer open")]


@pytest.mark.parametrize("where", ["the CRM", "our link"])
def test_who_opts_out_between_plan_and_send_is_not_written_to(town, where):
    company = town.company()
    contact = town.contact(company, **BY_WHATSAPP)
    town.contract(company, ends_in=10)
    assert town.run("renewal").planned == 1
    if where == "the CRM":
        town.connection.execute("update raw.crm__contact_preferences set unsubscribed = true")
    else:
        who = {"channel": "all", "address": None, "contact_id": contact}
        with town.store.begin() as store:
            suppressions.add(store, **who, reason="unsubscribed", source="one_click", now=town.now)

    assert sent(town) == []
    assert [status for status, _ in ended(town)] == ["suppressed"]


@pytest.mark.parametrize("step", [30, 14, 7, 2])
def test_two_days_of_downtime_over_the_exact_day_lose_no_step_and_double_none(town, step):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=step + 1)
    town.run("renewal")
    before = {message.step for message in town.planned()}
    town.now += timedelta(days=2)  # nothing ran on the exact day
    late, again = town.run("renewal"), town.run("renewal")

    assert (late.planned, again.planned) == (1, 0)
    assert {message.step for message in town.planned()} - before == {f"renewal_{step}"}


def test_two_campaigns_never_write_about_one_event(town, monkeypatch):
    twin = read_playbook("renewal").model_copy(update={"campaign_id": "renewal_sequence"})
    monkeypatch.setattr(lifecycle, "read_playbooks", lambda: (*read_playbooks(), twin))
    company = town.company()
    first = town.contact(company)
    town.contract(company, ends_in=10)
    assert town.run("renewal").planned == 1
    rename_campaign(town, "renewal_sequence")
    town.change("contacts", first, is_active=False)  # the other campaign would even write to somebody else
    town.contact(company)
    town.now += timedelta(days=1)

    assert town.run("renewal").outcomes == {"conflict": 1}


def test_a_campaign_with_another_purpose_may_write_about_the_same_contract(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.run("renewal")
    rename_campaign(town, "payment_overdue")
    town.now += timedelta(days=2)

    assert town.run("renewal").outcomes == {"send": 1}


@pytest.mark.parametrize("nothing", ["", "   ", "\t\n", None])
def test_a_blank_name_stops_the_message(town, nothing):
    company = town.company()
    town.contact(company, name=nothing, **BY_WHATSAPP)
    town.contract(company, ends_in=10)
    town.run("renewal")

    assert sent(town) == []
    assert [(status, "contact_name" in reason) for status, reason in ended(town)] == [("failed", True)]


@pytest.mark.parametrize("nothing", ["", " ", None])
def test_a_blank_in_a_list_of_zones_stops_the_message(town, nothing):
    company = town.company()
    town.contact(company, **BY_WHATSAPP)
    town.zone(company, hours_off=10)
    town.zone(company, hours_off=11, name=nothing)
    town.run("zone_offline")

    assert sent(town) == []
    assert {"offline_zones" in reason for _, reason in ended(town)} == {True}


def test_amounts_in_two_currencies_are_never_added_or_called_by_the_other_s_name(town):
    companies = [town.company(), town.company()]
    for number, company in enumerate(companies):
        town.contact(company, **BY_WHATSAPP | {"mobile": f"081234567{number}"})
    town.invoice(companies[0], late=8, total_amount=Decimal("1000.00"), currency="USD")
    town.invoice(companies[0], late=9, total_amount=Decimal("33000.00"), currency="THB")
    town.invoice(companies[1], late=8, total_amount=Decimal("500.00"), currency="USD")
    town.run("payment_overdue")
    said = b"".join(sent(town)).decode()

    due = dict(town.connection.execute("select company_id, overdue_amount from marts.companies").fetchall())
    assert [due[company] for company in companies] == [Decimal("33000.00"), Decimal("0.00")]
    assert {(message.variables["amount"], message.variables["currency"]) for message in town.planned()} <= {
        ("1000.00", "USD"),
        ("33000.00", "THB"),
        ("500.00", "USD"),
    }
    assert "$500.00" in said and "34,000" not in said and "$33,000" not in said


@pytest.mark.parametrize("campaign_id", [book.campaign_id for book in read_playbooks()])
@pytest.mark.parametrize("country", ["Thailand", "UAE"])
def test_who_reads_thai_is_never_given_english(town, campaign_id, country):
    company = town.company(country=country)
    town.contact(company, **BY_WHATSAPP | {"mobile": "+66812345678"})
    town.connection.execute("update raw.crm__contact_preferences set preferred_language = 'th'")
    OCCASIONS[campaign_id](town, company)
    town.now = town.now.replace(hour=7)  # working hours in both countries
    town.run(campaign_id)
    said = sent(town)

    assert [message.language for message in town.planned()] == ["th"]
    assert len(said) == 1 and b'"code":"th"' in said[0].replace(b" ", b"")


def test_a_holiday_without_a_date_is_loud_and_stops_no_other_campaign(town):
    company = town.company()
    town.contact(company)
    town.settle()
    town.connection.execute("delete from marts.holidays where holiday = 'diwali' and season >= '2027'")
    town.now = datetime(2026, 11, 6, 3, tzinfo=UTC)  # two days before the last one that is known
    assert town.run("seasonal", builds=False).audience > 0
    town.now += timedelta(days=3)

    with pytest.raises(PermanentError, match=r"coming year of diwali \(last: 2026-11-08\): .*holidays\.sql"):
        town.run("seasonal", builds=False)
    assert town.run("renewal", builds=False).audience == 0


def test_two_contacts_of_one_company_are_never_in_different_arms(town):
    for _ in range(60):
        company = town.company()
        for role in ("Primary", "Billing"):
            town.contact(company, contact_type=role)
        town.contract(company, ends_in=10)
    arms = {"holdout_share": 0.4, "variants": [Variant(variant="a", share=0.5), Variant(variant="b", share=0.5)]}
    town.run("renewal", **arms)
    town.connection.execute("update raw.crm__contacts set is_active = contact_type = 'Billing'")
    town.now += timedelta(days=1)
    town.run("renewal", **arms)
    town.connection.execute("update raw.crm__contacts set is_active = true")
    town.now += timedelta(days=3)  # the next step
    town.run("renewal", **arms)

    query = """
        select company_id, list(distinct contact_id), list(distinct variant)
        from raw.campaigns__decisions where outcome <> 'account_limit' group by all
    """
    found = town.connection.execute(query).fetchall()
    assert len(found) == 60
    assert any(len(people) == 2 for _, people, _ in found)
    assert {len(arm) for _, _, arm in found} == {1}
    assert {arm[0] for _, _, arm in found} == {"holdout", "a", "b"}
    with town.store.connect() as store:
        written = set(store.execute(sa.select(messages.c.company_id)).scalars())
    assert written.isdisjoint(company for company, _, arm in found if arm == ["holdout"])
