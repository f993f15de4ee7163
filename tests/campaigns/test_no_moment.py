"""When it is no moment to write: a public holiday, a quota that is used up, money owed, a deal being talked about."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.closed_days import closed_days
from campaigns.playbooks import read_playbook
from campaigns.replay import replay
from core.vocabulary import Channel
from tests.campaigns.conftest import Town
from tests.campaigns.test_channels import link
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import with_upstream

SONGKRAN = datetime(2026, 4, 13, 3, tzinfo=UTC)  # Monday, ten in Bangkok


def _one(town: Town, **company: str) -> None:
    key = town.company(**company)
    town.contact(key)
    town.contract(key, ends_in=10)


def _decided(town: Town) -> list[tuple[str, str, datetime | None]]:
    query = "select outcome, reason, deferred_until from raw.campaigns__decisions order by contact_id"
    return town.connection.execute(query).fetchall()


def test_on_a_public_holiday_nobody_in_that_country_is_written_to_until_the_next_working_day(town):
    town.now = SONGKRAN
    _one(town)
    _one(town, country="Singapore")
    town.run("renewal")
    thai, singaporean = _decided(town)

    assert thai[:2] == ("deferred", "it is Monday 10:00, a public holiday, in Asia/Bangkok")
    assert thai[2] == datetime(2026, 4, 16, 2, tzinfo=UTC)  # the 13th to the 15th are Songkran; then nine in Bangkok
    assert singaporean[0] == "send"


def test_the_evening_before_holidays_waits_for_the_first_working_day_after_the_weekend(town):
    town.now = datetime(2026, 12, 4, 11, tzinfo=UTC)  # Friday, 18:00; the 5th, a Saturday, is made up for on Monday
    _one(town)
    town.run("renewal")
    ((outcome, reason, until),) = _decided(town)

    assert (outcome, reason) == ("deferred", "it is Friday 18:00 in Asia/Bangkok")
    assert until == datetime(2026, 12, 8, 2, tzinfo=UTC)


def test_every_country_of_ours_has_its_holidays_and_an_unknown_one_none(town):
    build(town.connection, now=town.now, select=with_upstream("marts._countries"))
    ours = {name for (name,) in town.connection.execute("select distinct country from marts._countries").fetchall()}
    months = [date(2026, month, 1) for month in range(1, 13)]
    found = {day.rpartition(" ")[0] for month in months for day in closed_days(ours, month)}

    assert found == ours
    assert closed_days(["Nowhere"], date(2026, 1, 1)) == []
    assert "Singapore 2026-08-10" in closed_days(["Singapore"], date(2026, 8, 1))  # the 9th is a Sunday


def _quota(town: Town, *, quota: int | None, used: int) -> None:
    month = {"channel": "line", "month": date(2026, 3, 1), "quota": quota, "used": used}
    town.connection.execute("delete from raw.providers__quotas")
    add(town.connection, "providers__quotas", {**month, "_loaded_at": town.now})


def _by_line(town: Town, contact_type: str) -> None:
    company = town.company()
    contact = town.contact(company, contact_type=contact_type)
    town.contract(company, ends_in=10)
    link(town, contact, address="U" + f"{int(contact[-4:]):032}")


@pytest.mark.parametrize(("quota", "sent"), [(None, 3), (100, 0), (102, 2), (400, 3)])
def test_no_more_is_decided_by_line_than_the_month_s_quota_leaves_and_the_preferred_roles_come_first(town, quota, sent):
    build(town.connection, now=town.now, select=with_upstream("marts.quotas"))
    for role in ("Other", "Primary", "Decision Maker"):
        _by_line(town, role)
    _quota(town, quota=quota, used=100)
    town.run("renewal", channels=[Channel.LINE])
    query = """
        select contact.contact_type, decision.outcome from raw.campaigns__decisions as decision
        inner join marts.contacts as contact using (contact_id)
    """
    outcomes = dict(town.connection.execute(query).fetchall())

    roles = [role for role in read_playbook("renewal").roles if role in outcomes]
    assert [outcomes[role] for role in roles] == ["send"] * sent + ["quota"] * (3 - sent)


def test_what_campaigns_decided_today_and_nobody_has_sent_yet_takes_from_the_quota_too_and_is_replayed(town):
    build(town.connection, now=town.now, select=with_upstream("marts.quotas"))
    _by_line(town, "Primary")
    _quota(town, quota=101, used=100)
    town.run("renewal", channels=[Channel.LINE])
    _by_line(town, "Primary")
    town.now += timedelta(hours=4)
    second = town.run("renewal", channels=[Channel.LINE])
    change = {"entity": "companies", "entity_id": "c", "field": "name", "old_value": "a", "new_value": "b"}
    add(town.connection, "crm__history", {**change, "valid_from": town.now - timedelta(days=9)})
    _quota(town, quota=101, used=0)

    assert second.outcomes == {"already_sent": 1, "quota": 1}
    assert replay(town.connection, town.store, second.run_id).is_same


@pytest.mark.parametrize(
    ("campaign_id", "late", "outcome"),
    [("quarterly_checkin", 31, "crm_hold"), ("quarterly_checkin", 30, "send"), ("payment_overdue", 31, "send")],
)
def test_who_owes_for_more_than_thirty_days_is_not_asked_how_the_music_is_but_reminded(
    town, campaign_id, late, outcome
):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=274)  # and so it began 90 days ago
    town.invoice(company, late=late)

    assert town.run(campaign_id).outcomes == {outcome: 1}


@pytest.mark.parametrize(
    ("stage", "days", "outcome"),
    [("Quotation Sent", 13, "crm_hold"), ("Contract Sent", 1, "crm_hold"), ("Contract Sent", 15, "send"),
     ("Contacted", 1, "send"), ("Won", 1, "send")],
)  # fmt: skip
def test_while_a_person_of_ours_talks_with_a_company_no_reminder_goes_out(town, stage, days, outcome):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    changed = {"stage_changed_at": town.now - timedelta(days=days), "is_active": True}
    town.row("opportunities", company=company, stage=stage, **changed)

    assert town.run("renewal").outcomes == {outcome: 1}
