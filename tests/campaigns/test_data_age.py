"""A campaign names the age of data it tolerates: beyond it everybody waits, and no other campaign does."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from campaigns.playbooks import Playbook, read_playbook


@pytest.fixture
def two_hours_old(town):
    """A contract that ends and an invoice that is late, decided on data loaded two hours ago."""
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.invoice(company, late=14)
    town.settle(loaded_at=town.now - timedelta(hours=2))
    return town


def test_data_older_than_a_campaign_tolerates_sends_to_nobody_and_hurts_no_other_campaign(two_hours_old):
    strict = two_hours_old.run("payment_overdue", builds=False, most_data_age_hours=0.5)
    patient = two_hours_old.run("renewal", builds=False, most_data_age_hours=3)

    assert strict.outcomes == {"stale_data": 1} and strict.planned == 0
    assert patient.outcomes == {"send": 1} and patient.planned == 1
    assert {message.campaign_id for message in two_hours_old.planned()} == {"renewal"}


def test_the_reason_names_the_oldest_source_and_how_old_it_may_be(two_hours_old):
    two_hours_old.connection.execute(
        "update marts.freshness set loaded_at = loaded_at - interval 3 hours where source_table = 'crm__contacts'"
    )
    run = two_hours_old.run("payment_overdue", builds=False, most_data_age_hours=0.5)

    query = "select reason from raw.campaigns__decisions where run_id = ?"
    ((reason,),) = two_hours_old.connection.execute(query, [run.run_id]).fetchall()
    assert reason.startswith("crm__contacts was loaded at 2026-03-01T22:00") and reason.endswith("0.5 hours ago")


@pytest.mark.parametrize("source", ["crm__contact_preferences", "journal__suppressions"])
def test_a_source_that_was_never_loaded_is_older_than_any_campaign_tolerates(town, source):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    town.settle()
    town.connection.execute(f"update marts.freshness set loaded_at = null where source_table = '{source}'")

    assert town.run("renewal", builds=False).outcomes == {"stale_data": 1}


def test_sources_no_campaign_decides_on_keep_none_waiting(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    for table in ("crm__notes", "crm__drift"):
        town.load(table, town.now - timedelta(days=30))
    town.settle()

    assert town.run("renewal", builds=False).outcomes == {"send": 1}
    stale = town.connection.execute("select source_table from marts.freshness where not is_fresh order by 1").fetchall()
    assert stale == [("crm__drift",), ("crm__notes",)]


@pytest.mark.parametrize("age", [0, -1, 169, "a day"])
def test_a_playbook_with_an_age_nobody_can_mean_is_refused(age):
    with pytest.raises(ValidationError, match="most_data_age_hours"):
        Playbook.model_validate({**read_playbook("renewal").model_dump(), "most_data_age_hours": age})
