"""Lifetime value: each currency for itself, contracts until their end and beyond, and how that came out before."""

import numpy as np
import polars as pl
import pytest

from predictions import churn, lifetime
from predictions.model import write
from predictions.renewing import Renewing
from tests.campaigns.conftest import Town
from tests.predictions.conftest import live, settle


def test_a_company_with_two_currencies_has_two_values_and_nothing_is_added(lived: Town) -> None:
    company = lived.row("companies", name="Two", country="Thailand")
    lived.contract(company, ends_in=300, value=10_000, currency="THB")
    lived.contract(company, ends_in=300, value=500, currency="USD")
    settle(lived.connection, lived.now)
    rows = lifetime.score(lived.connection, lifetime.fit(lived.connection, lived.now), lived.now)
    found = {row["currency"]: row for row in rows.iter_rows(named=True) if row["company_id"] == company}

    assert found.keys() == {"THB", "USD"}
    assert found["THB"]["score"] == pytest.approx(20 * found["USD"]["score"], rel=1e-4)
    assert found["THB"]["score_low"] == pytest.approx(10_000 * 300 / 365, rel=0.01)  # until its end it is certain
    assert found["THB"]["score_low"] < found["THB"]["score"] < found["THB"]["score_high"] <= 30_000


def test_who_holds_no_contract_any_more_is_valued_by_purchases(lived: Town) -> None:
    rows = lifetime.score(lived.connection, lifetime.fit(lived.connection, lived.now), lived.now)
    held = {
        key
        for (key,) in lived.connection.execute(
            "select company_id from marts._contract_terms where $today::date between start_date and end_date",
            {"today": lived.today},
        ).fetchall()
    }

    assert {row["company_id"] for row in rows.iter_rows(named=True) if row["basis"] == "contracts"} == held
    assert set(rows["basis"]) == {"contracts", "purchases"}
    assert set(rows["state"]) == {"scored"}


def test_a_contract_that_ends_soon_is_worth_less_the_likelier_the_company_leaves(lived: Town) -> None:
    model = lifetime.fit(lived.connection, lived.now)
    alone = lifetime.score(lived.connection, model, lived.now)
    scores = churn.score(lived.connection, churn.fit(lived.connection, lived.now), lived.now)
    write(lived.connection, "predictions__churn_scores", lived.now, scores)
    together = lifetime.score(lived.connection, model, lived.now)
    risky = dict(scores.filter(pl.col("score") > 0.5).select("company_id", "score").iter_rows())
    values = [dict(each.select("company_id", "score").iter_rows()) for each in (alone, together)]

    assert len(risky) > 1
    assert all(values[1][company] < values[0][company] for company in risky)
    assert sum(values[0][company] == values[1][company] for company in values[0]) > 60  # who need not decide yet


def test_few_contracts_and_purchases_give_a_state_in_place_of_a_number(town: Town) -> None:
    live(town, 6)
    settle(town.connection, town.now)
    model = lifetime.fit(town.connection, town.now)
    rows = lifetime.score(town.connection, model, town.now)

    assert model.state == "not_enough_history"
    assert set(rows["state"]) == {"not_enough_history"} and rows["score"].null_count() == len(rows)


def test_what_contracts_came_to_in_the_last_half_year_is_told_beside_what_was_expected(lived: Town) -> None:
    figures = lifetime.fit(lived.connection, lived.now).figures

    assert figures.keys() == {"THB", "USD"}
    for told in figures.values():
        assert told["happened"] > 0
        assert told["verdict"] == "agrees"
        assert told["predicted"] == pytest.approx(told["happened"], rel=0.1)


def test_the_expected_value_is_the_mean_over_companies_that_leave_by_chance() -> None:
    random = np.random.default_rng(7)
    model = Renewing(1.3, 2.9)
    one = {"annual_value": 1000.0, "days_left": 200.0, "term_days": 365.0, "earlier": 2.0}
    leaving = random.beta(model.a, model.b + one["earlier"], size=200_000)
    renewals = random.geometric(leaving) - 1
    drawn = np.minimum(1095, one["days_left"] + renewals * one["term_days"]) * one["annual_value"] / 365
    expected, low, high = model.value(1095, *(np.array([each]) for each in one.values()), first=np.array([np.nan]))

    assert expected[0] == pytest.approx(drawn.mean(), rel=0.01)
    assert (low[0], high[0]) == pytest.approx(tuple(np.percentile(drawn, (2.5, 97.5))))
