"""Churn: says nothing on little history, the same of the same data, and is judged on what it had not seen."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from predictions import churn, logistic
from predictions.calibration import judge
from tests.campaigns.conftest import Town
from tests.predictions.conftest import live, settle


def test_few_companies_give_a_state_in_place_of_a_number(town: Town) -> None:
    live(town, 8)
    settle(town.connection, town.now)
    model = churn.fit(town.connection, town.now)
    rows = churn.score(town.connection, model, town.now)

    assert (model.state, model.parameters, model.figures) == ("not_enough_history", {}, {})
    assert len(rows) > 0
    assert set(rows["state"]) == {"not_enough_history"}
    assert rows["score"].null_count() == len(rows)


def test_who_must_decide_soon_and_has_no_new_contract_is_at_risk_and_told_why(lived: Town) -> None:
    model = churn.fit(lived.connection, lived.now)
    rows = churn.score(lived.connection, model, lived.now)
    ends = dict(
        lived.connection.execute(
            "select company_id, max(end_date) - $today::date from marts._contract_terms "
            "where known_at <= $now group by all",
            {"today": lived.today, "now": lived.now},
        ).fetchall()
    )
    soon = rows.filter(pl.Series([ends[company] < 90 for company in rows["company_id"]]))
    late = rows.filter(pl.Series([ends[company] > 130 for company in rows["company_id"]]))

    assert len(soon) > 4 and len(late) > 5
    assert soon["score"].min() > late["score"].max()
    assert all("ends_soon_high" in reasons for reasons in soon["reasons"])
    assert rows.filter(~pl.col("score").is_between("score_low", "score_high")).is_empty()
    assert (rows["score_high"] - rows["score_low"]).min() > 0


def test_the_same_data_gives_the_same_model_and_other_data_another_version(lived: Town) -> None:
    first, again = (churn.fit(lived.connection, lived.now) for _ in range(2))
    assert first == again

    lived.connection.execute("update raw.crm__contracts set end_date = end_date - 90 where id = 'contracts-0003'")
    settle(lived.connection, lived.now)
    other = churn.fit(lived.connection, lived.now)

    assert other.model_version != first.model_version


def test_it_is_judged_by_a_model_that_knew_only_what_was_over_when_the_window_began(lived: Town) -> None:
    model = churn.fit(lived.connection, lived.now)
    began = lived.now - timedelta(days=churn.HORIZON)
    told = model.figures
    assert (told["window_from"], told["verdict"]) == (began.isoformat(), "agrees")
    assert sum(each["happened"] for each in told["bins"]) == told["happened"] > 3

    earlier = churn.fit(lived.connection, began)  # what a run of that day would have learnt
    foreseen = churn.score(lived.connection, earlier, began)

    assert foreseen["score"].sum() == pytest.approx(told["predicted"], rel=1e-9)


def test_features_that_say_nothing_leave_everybody_at_the_share_that_left() -> None:
    random = np.random.default_rng(3)
    features, left = random.normal(size=(600, 4)), (random.random(600) < 0.2).astype(float)
    fitted = logistic.fit(features, left, [str(number) for number in range(600)], [[0, 1, 2, 3]])
    scores, low, high = fitted.predict(features)

    assert scores.mean() == pytest.approx(left.mean(), abs=0.01)
    assert scores.std() < 0.03
    assert ((low < 0.2) & (high > 0.2)).mean() > 0.9


def test_ten_months_of_one_customer_are_not_ten_customers() -> None:
    random = np.random.default_rng(5)
    feature, left = random.normal(size=(80, 1)), (random.random(80) < 0.3).astype(float)
    names = [str(number) for number in range(80)]
    once = logistic.fit(feature, left, names, [[0]])
    ten_times = logistic.fit(np.tile(feature, (10, 1)), np.tile(left, 10), names * 10, [[0]])
    width = [float(np.diff(fitted.predict(feature)[1:], axis=0).mean()) for fitted in (once, ten_times)]

    assert width[1] > 0.7 * width[0]


def test_a_verdict_says_which_way_it_was_off() -> None:
    happened = np.array([1.0] * 30 + [0.0] * 70)

    assert judge(np.full(100, 0.3), happened).verdict == "agrees"
    assert judge(np.full(100, 0.5), happened).verdict == "too_high"
    assert judge(np.full(100, 0.1), happened).verdict == "too_low"
    assert judge(happened * 0.9 + 0.05, happened).auc == 1.0
