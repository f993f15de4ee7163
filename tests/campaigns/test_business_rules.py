"""The first three campaigns do what the business needs and avoid the mistakes it once made."""

from datetime import timedelta

import pytest

from core.store import ledger
from tests.warehouse.conftest import add


@pytest.mark.parametrize(
    ("ends_in", "step"),
    [
        (31, None),
        (30, "renewal_30"),
        (29, "renewal_30"),
        (15, "renewal_30"),
        (14, "renewal_14"),
        (8, "renewal_14"),
        (7, "renewal_7"),
        (3, "renewal_7"),
        (2, "renewal_2"),
        (0, "renewal_2"),
        (-1, None),
    ],
)
def test_renewal_is_a_window_so_a_day_without_a_run_loses_nobody(town, ends_in, step):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=ends_in)
    town.run("renewal")

    assert [message.step for message in town.planned()] == ([step] if step else [])


@pytest.mark.parametrize(
    "change",
    [
        {"send_renewal_reminders": False},
        {"status": "Cancelled"},
        {"status": "Draft"},
        {"contract_type": "One-time"},
        {"_is_deleted": True},
    ],
)
def test_no_reminder_for_a_contract_that_must_not_be_reminded_of(town, change):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10, **change)

    assert town.run("renewal").audience == 0


def test_no_reminder_for_a_contract_that_another_one_follows(town):
    company = town.company()
    town.contact(company)
    ending = town.contract(company, ends_in=10)
    town.contract(company, ends_in=375, renewed_from=ending, status="Draft")

    assert town.run("renewal").audience == 0


@pytest.mark.parametrize(
    ("late", "step"),
    [
        (6, None),
        (7, "payment_7"),
        (13, "payment_7"),
        (14, "payment_14"),
        (21, "payment_21"),
        (60, "payment_21"),
        (91, None),
    ],
)
def test_overdue_payment_has_three_steps(town, late, step):
    company = town.company()
    town.contact(company)
    town.invoice(company, late=late)
    town.run("payment_overdue")

    assert [message.step for message in town.planned()] == ([step] if step else [])


def test_an_invoice_that_is_paid_before_the_message_went_out_stops_it(town):
    company = town.company()
    town.contact(company)
    invoice = town.invoice(company, late=8)
    town.run("payment_overdue")
    town.change("invoices", invoice, status="Paid", paid_date=town.today)

    assert town.cancel() == 1
    (message,) = town.planned()
    assert (message.status, message.reason) == ("cancelled", "paid, or no longer open")


def test_consent_withdrawn_in_the_crm_before_the_message_went_out_stops_it(town):
    company = town.company()
    contact = town.contact(company)
    town.invoice(company, late=8)
    town.run("payment_overdue")
    town.change("contacts", contact, receives_payment_emails=False)

    assert town.cancel() == 1
    assert [message.status for message in town.planned()] == ["suppressed"]


@pytest.mark.parametrize(
    ("hours_off", "step"),
    [(3.9, None), (4, "offline_4h"), (23.9, "offline_4h"), (24, "offline_24h_1"), (50, "offline_24h_2"), (337, None)],
)
def test_a_silent_zone_is_told_after_four_hours_and_then_daily(town, hours_off, step):
    company = town.company()
    town.contact(company)
    town.zone(company, hours_off=hours_off)
    town.run("zone_offline")

    assert [message.step.partition("@")[0] for message in town.planned()] == ([step] if step else [])


def test_beat_breeze_zones_and_companies_that_do_not_want_alerts_are_left_alone(town):
    company = town.company()
    town.contact(company)
    town.zone(company, hours_off=10, platform="beatbreeze")
    other = town.company(soundtrack_offline_alerts_enabled=False)
    town.contact(other)
    town.zone(other, hours_off=10)

    assert town.run("zone_offline").audience == 0


def test_a_zone_that_plays_again_cancels_its_message(town):
    company = town.company()
    town.contact(company)
    zone = town.zone(company, hours_off=10)
    town.run("zone_offline")
    town.change("zones", zone, status="online", last_seen_online=town.now)

    assert town.cancel() == 1


def test_the_same_day_run_again_plans_nothing_new(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)

    assert town.run("renewal").planned == 1
    assert town.run("renewal").planned == 0
    assert len(town.planned()) == 1


def test_a_step_goes_out_once_and_the_next_step_when_it_is_due(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.run("renewal")
    town.now += timedelta(days=1)
    tuesday = town.run("renewal")
    town.now += timedelta(days=3)
    friday = town.run("renewal")

    assert tuesday.outcomes == {"already_sent": 1}
    assert friday.outcomes == {"send": 1}
    assert {message.step for message in town.planned()} == {"renewal_14", "renewal_7"}


def test_the_same_templates_speak_thai_to_who_reads_thai(town):
    company = town.company()
    contact = town.contact(company)
    town.connection.execute("update raw.crm__contact_preferences set preferred_language = 'th'")
    town.contract(company, ends_in=10)
    town.run("renewal")

    (message,) = town.planned()
    assert (message.contact_id, message.language) == (contact, "th")
    assert message.variables["contract_number"] == "TH-2"


def test_stale_data_stops_everybody_and_the_run_is_decided_on_fresh_data(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.settle(loaded_at=town.now - timedelta(hours=27))

    assert town.run("renewal", builds=False).outcomes == {"stale_data": 1}
    assert town.run("renewal").outcomes == {"send": 1}


@pytest.mark.parametrize(
    ("country", "hour", "outcome"),
    [
        ("Thailand", 3, "send"),
        ("Thailand", 1, "deferred"),
        ("Thailand", 10, "deferred"),
        ("UAE", 3, "deferred"),
        ("UAE", 6, "send"),
        ("Maldives", 4, "send"),
    ],
)
def test_people_are_written_to_in_their_own_working_hours(town, country, hour, outcome):
    company = town.company(country=country)
    town.contact(company)
    town.contract(company, ends_in=10)
    town.now = town.now.replace(hour=hour)
    town.settle()

    assert town.run("renewal", builds=False).outcomes == {outcome: 1}


def test_at_the_weekend_everybody_waits_for_monday_nine_o_clock(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.now += timedelta(days=5)
    run = town.run("renewal")

    query = "select outcome, deferred_until from raw.campaigns__decisions where run_id = ?"
    assert town.connection.execute(query, [run.run_id]).fetchall() == [
        ("deferred", town.now.replace(day=9, hour=2, minute=0))
    ]


def test_one_company_is_addressed_once_through_its_preferred_role(town):
    company = town.company()
    other = town.contact(company, contact_type="Other", is_primary=False)
    owner = town.contact(company, contact_type="Primary")
    town.contract(company, ends_in=10)
    run = town.run("renewal")

    assert town.outcomes(run.run_id) == {owner: "send", other: "account_limit"}


def test_a_paused_template_stops_its_channel_only(town):
    company = town.company()
    town.contact(company, preferred_contact_method="Mobile", mobile="0812345678")
    town.contract(company, ends_in=10)
    pause = {"template_id": "renewal_14", "channel": "whatsapp", "language": "en", "version": 1}
    add(town.connection, "journal__templates", {**pause, "provider_status": "paused"})

    assert town.run("renewal").outcomes == {"template_unavailable": 1}


def test_an_urgent_ticket_holds_what_asks_for_something_but_not_a_service_alert(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.zone(company, hours_off=10)
    town.row("tickets", company=company, ticket_number="T-1", status="new", priority="urgent")

    assert town.run("renewal").outcomes == {"crm_hold": 1}
    assert town.run("zone_offline").outcomes == {"send": 1}


def test_a_person_is_not_written_to_by_two_campaigns_on_one_morning(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.invoice(company, late=8)

    assert town.run("payment_overdue").outcomes == {"send": 1}
    assert town.run("renewal").outcomes == {"conflict": 1}


def test_who_was_decided_and_not_planned_when_the_process_died_is_written_to_at_the_next_slot(town, monkeypatch):
    company = town.company()
    person = town.contact(company)
    town.contract(company, ends_in=30)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "plan", _die)
        with pytest.raises(KeyboardInterrupt):
            town.run("renewal")
    town.now += timedelta(hours=4)
    run = town.run("renewal")

    assert run.outcomes == {"send": 1}
    assert [message.contact_id for message in town.planned()] == [person]
    decided = town.connection.execute("select run_id, outcome from raw.campaigns__decisions").fetchall()
    assert decided == [(run.run_id, "send")]


def _die(*_given):
    raise KeyboardInterrupt
