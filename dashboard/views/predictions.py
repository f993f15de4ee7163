"""Predictions: who may leave and what is at stake, what customers may be worth, when people react; and was it right."""

from functools import partial

import polars as pl
import streamlit as st

from dashboard.data import ask
from dashboard.parts.because import reasons_said
from dashboard.parts.prediction_charts import foreseen, intervals, steps
from dashboard.parts.show import chart, empty, linked, tabbed, table
from dashboard.parts.words import day, language, money, same_tab, say, words
from dashboard.views.prediction_times import send_times
from dashboard.views.prediction_values import lifetime_values

_SHOWN = 15
_RISKY = 0.5


def show() -> None:
    """Draw the page."""
    st.title(say("predictions"))
    models = {row["model_id"]: row for row in ask("prediction_models").iter_rows(named=True)}
    if not models:
        empty("never_predicted")
        return
    churn = partial(_churn, models["churn"]["state"], models["churn"]["event_count"])
    tabbed({"risk": churn, "lifetime_values": lifetime_values, "send_times": send_times}, "predictions")


def _churn(state: str, left: int) -> None:
    if state != "fitted":
        st.info(say("too_few_left", n=left), icon=":material/lightbulb:")
        return
    found = ask("churn_list")
    if found.is_empty():
        empty("nobody_to_leave")
        return
    said = reasons_said(found)
    companies = said.unique("company_id", maintain_order=True)
    st.caption(say("risk_help"))
    _cards(said, companies)
    left_side, right_side = st.columns(2, gap="large")
    with left_side:
        st.subheader(say("riskiest"))
        most = companies.head(_SHOWN)
        names = ("risk_share", "risk_low_share", "risk_high_share")
        drawn = partial(intervals, most, names, say("risk"), ".0%")
        chart(drawn, most.select("name", *names, "reasons"), "riskiest")
    with right_side:
        st.subheader(say("risk_distribution"))
        counted = ask("churn_distribution")
        text = pl.format("{}–{} %", "risk_from_percent", pl.col("risk_from_percent") + 10)
        drawn = partial(steps, counted.with_columns(text.alias("step")), "step", "companies", say("risk"))
        chart(drawn, counted, "churn_distribution")
    st.subheader(say("who_may_leave"))
    table(said.drop("company_id"), "churn")
    _one(said)
    _was_it_right()


def _cards(said: pl.DataFrame, companies: pl.DataFrame) -> None:
    risky = companies.filter(pl.col("risk_share") >= _RISKY)
    at_stake = said.drop_nulls("currency").group_by("currency").agg(pl.col("value_at_risk").sum()).sort("currency")
    cards = st.columns(1 + len(at_stake))
    cards[0].metric(say("risky_companies"), len(risky), border=True, help=say("risky_companies_help"))
    for card, (currency, amount) in zip(cards[1:], at_stake.iter_rows(), strict=True):
        card.metric(say("at_stake", currency=currency), money(amount, currency), border=True, help=say("at_stake_help"))


def _one(said: pl.DataFrame) -> None:
    """Tell one company's risk in a sentence, with the way to its page."""
    names = dict(said.select("company_id", "name").iter_rows())
    chosen = linked("company", list(names), say("company"), names)
    row = said.filter(pl.col("company_id") == chosen).row(0, named=True)
    shares = {name: f"{100 * row[name]:.0f}" for name in ("risk_share", "risk_low_share", "risk_high_share")}
    st.markdown(say("risk_said", **shares, reasons=row["reasons"]))
    st.html(same_tab(f"/customer?company={chosen}&lang={language()}", say("open_company")))


def _was_it_right() -> None:
    st.subheader(say("was_it_right"))
    told = ask("prediction_outcomes").filter(pl.col("model_id") == "churn")
    if told.is_empty():
        empty("not_judged_yet")
        return
    row = told.row(0, named=True)
    numbers = {
        "predicted": f"{row['predicted']:.0f}",
        "happened": f"{row['happened']:.0f}",
        "companies": row["companies"],
    }
    st.markdown(
        say("churn_outcome", since=day(row["window_from"]), until=day(row["window_until"]), **numbers)
        + " "
        + words("verdict")[row["verdict"]]
    )
    st.caption(say("calibration_help"))
    groups = ask("churn_groups")
    drawn = groups.with_columns(
        pl.format("{} ({} {})", "score_group", "companies", pl.lit(say("companies_short"))).alias("group")
    )
    chart(partial(foreseen, drawn), groups, "churn_groups")
