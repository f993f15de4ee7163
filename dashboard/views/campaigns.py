"""Campaigns: each one's audience, funnel, lift and the people behind every number."""

import polars as pl
import streamlit as st

from dashboard.data import ask
from dashboard.parts.show import empty, funnel, table, waterfall
from dashboard.parts.words import say, when

_STAGES = ("sent", "delivered", "opened_raw", "opened_human", "clicked_raw", "clicked_human", "replied")


def show() -> None:
    """Draw the page."""
    st.title(say("campaigns"))
    found = ask("campaigns")
    if found.is_empty():
        empty("no_campaign")
        return
    table(found, "campaigns")
    left, right = st.columns(2)
    campaign_id = left.selectbox(say("campaign"), found["campaign_id"].to_list())
    runs = {"": say("all_runs")} | {
        row["run_id"]: say("run_of", at=when(row["decided_at"]), n=row["audience"])
        for row in ask("runs", campaign_id=campaign_id).iter_rows(named=True)
    }
    run_id = right.selectbox(say("run"), list(runs), format_func=lambda key: runs[key])
    _results(campaign_id, run_id or "")


def _results(campaign_id: str, run_id: str) -> None:
    outcomes = ask("outcomes", campaign_id=campaign_id, run_id=run_id)
    st.subheader(say("waterfall"))
    st.caption(say("waterfall_sums", n=int(outcomes["contacts"].sum())))
    st.altair_chart(waterfall(outcomes), width="stretch")
    st.subheader(say("funnel"))
    reached = ask("funnel", campaign_id=campaign_id, run_id=run_id)
    long = reached.unpivot(_STAGES, index="channel", variable_name="stage", value_name="messages").with_columns(
        pl.col("stage").replace({stage: say(stage) for stage in _STAGES})
    )
    st.altair_chart(funnel(long), width="stretch")
    st.caption(say("line_reports_none"))
    table(reached, "funnel")
    _lift(campaign_id)
    st.subheader(say("people_behind"))
    names = ["", *outcomes["outcome"].to_list()]
    outcome = st.selectbox(say("outcome"), names, format_func=lambda key: say(f"outcome_{key}") if key else say("all"))
    if outcome:
        st.caption(say(f"outcome_{outcome}_why"))
    table(ask("people", campaign_id=campaign_id, run_id=run_id, outcome=outcome or ""), "people")
    failures = ask("failures", campaign_id=campaign_id)
    if not failures.is_empty():
        st.subheader(say("not_sent_after_planning"))
        table(failures, "failures")


def _lift(campaign_id: str) -> None:
    st.subheader(say("lift"))
    found = ask("lift", campaign_id=campaign_id)
    if found.is_empty() or found["lift"][0] is None:
        empty("no_lift")
        return
    row = found.row(0, named=True)
    cards = st.columns(3)
    cards[0].metric(say("converted_treated", n=row["treated"]), f"{100 * row['conversion_rate']:.1f} %", border=True)
    cards[1].metric(say("converted_held_out", n=row["held_out"]), f"{100 * row['holdout_rate']:.1f} %", border=True)
    cards[2].metric(
        say("lift_points"),
        f"{100 * row['lift']:+.1f}",
        border=True,
        delta_color="off",
        delta=f"[{100 * row['lift_low']:+.1f}, {100 * row['lift_high']:+.1f}]",
    )
    verdict = "lift_positive" if row["lift_low"] > 0 else "lift_negative" if row["lift_high"] < 0 else "lift_unclear"
    st.markdown(say(verdict))
