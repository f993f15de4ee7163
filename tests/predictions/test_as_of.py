"""Nothing that came later is known: features as of a moment are the same whatever happened after it."""

import random
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from predictions import churn
from predictions.model import ask
from tests.campaigns.conftest import Town
from tests.predictions.conftest import live, settle
from tests.warehouse.conftest import add


def _features(town: Town, moment: Any) -> dict[str, pl.DataFrame]:
    settle(town.connection, town.now)
    return {
        "churn": ask(town.connection, "churn", moments=[moment], horizon=churn.HORIZON),
        **{
            name: ask(town.connection, name, now=moment)
            for name in ("purchases", "renewals", "contracts_held", "reactions")
        },
    }


def _react(town: Town, contact: str, at: Any, number: int) -> None:
    common = {"channel": "whatsapp", "contact_id": contact}
    add(
        town.connection,
        "journal__messages",
        {"message_id": f"m{number}", "company_id": "x", "accepted_at": at, **common},
    )
    event = {"event_id": f"e{number}", "message_id": f"m{number}", "event_type": "read", **common}
    add(town.connection, "journal__events", {**event, "occurred_at": at, "received_at": at, "recorded_at": at})


@pytest.mark.parametrize("seed", range(4))
def test_what_happens_later_changes_no_feature_of_before(town: Town, seed: int) -> None:
    rng = random.Random(seed)
    live(town, 25, seed=seed)
    companies = [key for (key,) in town.connection.execute("select id from raw.crm__companies order by id").fetchall()]
    people = [town.contact(company, created_at=town.now - timedelta(days=900)) for company in companies[:10]]
    for number in range(40):
        _react(town, rng.choice(people), town.now - timedelta(days=rng.uniform(1, 400)), number)
        town.row(
            "tickets",
            company=rng.choice(companies),
            status="new",
            created_at=town.now - timedelta(days=rng.uniform(1, 500)),
        )
    moment = town.now - timedelta(days=rng.randrange(60, 300))
    before = _features(town, moment)

    for number in range(100, 140):  # whatever the world does after the moment
        later = moment + timedelta(days=rng.uniform(0.1, 50))
        company = rng.choice(companies)
        _react(town, rng.choice(people), later, number)
        town.row("tickets", company=company, status="new", created_at=later)
        town.contract(
            company,
            ends_in=rng.randrange(-50, 700),
            created_at=later,
            renewed_from=f"contracts-{rng.randrange(1, 30):04}",
        )
        town.invoice(
            company,
            late=rng.randrange(-30, 30),
            created_at=later,
            status="Paid",
            paid_date=later.date() + timedelta(days=1),
            issue_date=later.date(),
        )
    town.connection.execute(
        "update raw.crm__tickets set status = 'closed', resolved_at = ? where created_at <= ?",
        [moment + timedelta(days=1), moment],
    )
    after = _features(town, moment)

    assert len(before["churn"]) > 5 and len(before["reactions"]) > 5 and len(before["purchases"]) > 5
    for name in before:
        assert_frame_equal(before[name], after[name])


def test_a_contract_cancelled_later_was_in_force_before(town: Town) -> None:
    company = town.company()
    settle(town.connection, town.now)
    contract = "contracts-0001"
    town.change("contracts", contract, status="Cancelled")
    cancelled = town.now - timedelta(days=10)
    change = {"entity": "contracts", "entity_id": contract, "field": "status", "old_value": "Active"}
    add(town.connection, "crm__history", {**change, "new_value": "Cancelled", "valid_from": cancelled})
    town.connection.execute("update raw.crm__contracts set created_at = ?", [town.now - timedelta(days=200)])
    settle(town.connection, town.now)

    def held(days: int) -> list[str]:
        moments = [town.now - timedelta(days=days)]
        return ask(town.connection, "churn", moments=moments, horizon=churn.HORIZON)["company_id"].to_list()

    assert (held(11), held(9)) == ([company], [])


def test_a_company_has_left_when_no_contract_is_in_force_at_the_end_of_the_horizon(town: Town) -> None:
    moment = town.now - timedelta(days=churn.HORIZON)
    ended, renewed, runs_on = (town.row("companies", name=name, country="Thailand") for name in "abc")
    old = {"created_at": moment - timedelta(days=300)}
    for company, ends_in in ((ended, -20), (renewed, -20), (runs_on, 100)):
        town.contract(company, ends_in=ends_in, **old)
    town.contract(renewed, ends_in=345, renewed_from="contracts-0002", created_at=town.now - timedelta(days=30))
    settle(town.connection, town.now)
    given = {"moments": [moment], "horizon": churn.HORIZON}
    known = ask(town.connection, "churn", **given)
    stayed = ask(town.connection, "churn_outcomes", **given, now=town.now)

    assert set(known["company_id"]) == {ended, renewed, runs_on}
    assert dict(known.select("company_id", "ends_soon").iter_rows()) == {ended: 1.0, renewed: 1.0, runs_on: 0.0}
    assert set(stayed["company_id"]) == {renewed, runs_on}
    early = {**given, "now": town.now - timedelta(days=1)}
    assert ask(town.connection, "churn_outcomes", **early).is_empty()


def test_a_contract_written_after_the_horizon_does_not_undo_that_the_company_had_left(town: Town) -> None:
    moment = town.now - timedelta(days=churn.HORIZON)
    company = town.row("companies", name="a", country="Thailand")
    town.contract(company, ends_in=-20, created_at=moment - timedelta(days=300))
    town.contract(company, ends_in=345, renewed_from="contracts-0001", created_at=town.now + timedelta(days=10))
    settle(town.connection, town.now)
    later = town.now + timedelta(days=30)

    assert ask(town.connection, "churn_outcomes", moments=[moment], horizon=churn.HORIZON, now=later).is_empty()
