"""*Predictions* shows what the marts hold, says whether it was right, and in place of a number what is missing."""

import pytest
from streamlit.testing.v1 import AppTest

from assets.scoring import predict
from assets.steps import Steps
from core.clock import utc_now
from core.settings import load_settings
from dashboard.parts.words import catalogue
from tests.campaigns.conftest import Town
from tests.predictions.conftest import live
from tests.warehouse.conftest import make_raw_tables
from warehouse.build import build
from warehouse.connect import connect
from warehouse.publish import publish

WORDS = catalogue("en")


def _page():
    import streamlit as st

    from core.settings import load_settings
    from dashboard.views import predictions
    from warehouse.publish import newest

    st.session_state["version"] = newest(load_settings().serve_dir)
    predictions.show()


def _opened(tmp_path, monkeypatch, companies, *, is_predicted=True):
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()
    settings, now = load_settings(), utc_now()
    steps = Steps(settings, clock=lambda: now)
    with connect(settings.warehouse_path) as connection:
        make_raw_tables(connection)
        live(Town(connection, None, now), companies)
        build(connection, now=now)
    if is_predicted:
        predict(steps)
    with connect(settings.warehouse_path) as connection:
        publish(connection, settings.serve_dir, now)
    page = AppTest.from_function(_page, default_timeout=60)
    page.session_state["opened-predictions"] = {"risk", "lifetime_values", "send_times"}
    return page.run()


@pytest.fixture(autouse=True)
def _own_settings():
    yield
    load_settings.cache_clear()


def test_the_numbers_are_those_of_the_marts_each_currency_for_itself(tmp_path, monkeypatch):
    page = _opened(tmp_path, monkeypatch, 120)
    with connect(load_settings().warehouse_path) as marts:
        (risky,) = marts.execute("select count(*) from marts.churn_scores where score >= 0.5").fetchone()
        stakes = marts.execute(
            "select currency, sum(score * value * 365 / (end_date - start_date + 1)) from marts.churn_scores "
            "join marts.contracts using (company_id) where current_date between start_date and end_date group by all"
        ).fetchall()
        ((first, together),) = marts.execute(
            "select currency, sum(score) from marts.lifetime_values group by all order by all limit 1"
        ).fetchall()
        ((predicted, happened),) = marts.execute(
            "select predicted, happened from marts.prediction_outcomes where model_id = 'churn'"
        ).fetchall()

    assert not page.exception
    cards = {card.label: card.value for card in page.metric}
    assert cards[WORDS["risky_companies"]] == str(risky)
    for currency, amount in stakes:
        shown = cards[WORDS["at_stake"].format(currency=currency)]
        assert shown.endswith(f" {currency}")
        assert float(shown.split()[0].replace(",", "")) == pytest.approx(float(amount), abs=1.5)
    assert cards[WORDS["worth_together"]] == f"{together:,.0f} {first}"
    said = " ".join(each.value for each in page.markdown)
    assert f"**{predicted:.0f}**" in said and f"**{happened:.0f}** were" in said
    assert "the contract ends within 120 days and none follows" in said


def test_with_little_history_it_says_what_is_missing_and_shows_no_number(tmp_path, monkeypatch):
    page = _opened(tmp_path, monkeypatch, 6)

    assert not page.exception
    told = [each.value for each in page.info]
    assert any("Too few customers have left" in each for each in told)
    assert WORDS["too_few_contracts"] in told and WORDS["too_few_reactions"] in told
    assert not page.metric


def test_before_the_first_prediction_it_says_how_to_make_one(tmp_path, monkeypatch):
    page = _opened(tmp_path, monkeypatch, 6, is_predicted=False)

    assert not page.exception
    assert [each.value for each in page.info] == [WORDS["never_predicted"]]
