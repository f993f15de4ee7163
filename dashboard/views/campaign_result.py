"""One campaign's result: from the audience to the money, each number with the people or messages behind it."""

from functools import partial

import polars as pl
import streamlit as st

from core.store import links
from core.store.engine import reading
from core.vocabulary import Conversion
from dashboard.data import ask
from dashboard.parts import charts
from dashboard.parts.show import behind, chart, empty, say_of_cost, table
from dashboard.parts.words import keyed, say, words
from dashboard.store import store

_STAGES = ("sent", "delivered", "opened_raw", "opened_human", "clicked_raw", "clicked_human", "replied")


def result(campaign_id: str, run_id: str) -> None:
    """Draw the result of all runs, or of one."""
    outcomes = ask("outcomes", campaign_id=campaign_id, run_id=run_id)
    st.subheader(say("waterfall"))
    st.caption(say("waterfall_sums", n=int(outcomes["contacts"].sum())))
    clicked = st.altair_chart(
        charts.waterfall(outcomes), width="stretch", on_select="rerun", key=f"waterfall-{campaign_id}-{run_id}"
    )
    behind(outcomes, "outcomes")
    _people(campaign_id, run_id, outcomes["outcome"].to_list(), _chosen(clicked))
    st.subheader(say("funnel"))
    reached = ask("funnel", campaign_id=campaign_id, run_id=run_id)
    long = reached.unpivot(_STAGES, index="channel", variable_name="stage", value_name="messages").with_columns(
        pl.col("stage").replace({stage: say(stage) for stage in _STAGES})
    )
    chart(partial(charts.funnel, long), reached, "funnel")
    st.caption(say("line_reports_none"))
    _lift(campaign_id)
    st.subheader(say("variants"))
    st.caption(say("money_help"))
    variants = ask("variants", campaign_id=campaign_id, run_id=run_id)
    table(variants, "variants")
    costs = ask("variant_costs", campaign_id=campaign_id, run_id=run_id)
    if not costs.is_empty():
        st.subheader(say("variant_costs"))
        table(costs, "variant_costs")
        say_of_cost(costs)
    _after(campaign_id, run_id)
    failures = ask("failures", campaign_id=campaign_id)
    if not failures.is_empty():
        st.subheader(say("not_sent_after_planning"))
        table(failures, "failures")


def _chosen(clicked: dict) -> str:
    bars = clicked.get("selection", {}).get("bar", [])
    return str(bars[0].get("key", "")) if bars else ""


def _people(campaign_id: str, run_id: str, outcomes: list[str], clicked: str) -> None:
    st.subheader(say("people_behind"))
    st.caption(say("people_behind_help"))
    names = ["", *outcomes]
    key = keyed(f"outcome-{campaign_id}-{run_id}")
    if clicked != st.session_state.get(f"{key}-clicked", ""):  # a bar was clicked since: it goes before the list
        st.session_state[f"{key}-clicked"] = clicked
        st.session_state[key] = clicked if clicked in names else ""
    outcome = st.selectbox(
        say("outcome"), names, format_func=lambda each: say(f"outcome_{each}") if each else say("all"), key=key
    )
    if outcome:
        st.caption(say(f"outcome_{outcome}_why"))
    table(ask("people", campaign_id=campaign_id, run_id=run_id, outcome=outcome or ""), "people")


def _after(campaign_id: str, run_id: str) -> None:
    st.subheader(say("after_sending"))
    happened = ask("campaign_timeline", campaign_id=campaign_id, run_id=run_id)
    if happened.is_empty():
        empty("nothing_happened")
    else:
        drawn = happened.with_columns(pl.col("event_type").replace(words("event")))
        chart(partial(charts.timeline, drawn), happened, "after_sending")
    st.subheader(say("links_clicked"))
    clicked = ask("links_clicked", campaign_id=campaign_id, run_id=run_id)
    if clicked.is_empty():
        empty("no_click")
        return
    with reading(store()) as connection:
        addresses = {each: links.url_of(connection, each) for each in clicked["link_id"].unique() if each}
    urls = pl.Series("url", [addresses.get(each) for each in clicked["link_id"]], dtype=pl.String)
    table(clicked.drop("link_id").insert_column(0, urls), "links_clicked")


def _lift(campaign_id: str) -> None:
    st.subheader(say("lift"))
    found = ask("lift", campaign_id=campaign_id)
    if not found.is_empty() and found["conversion"][0] == Conversion.NONE:
        st.info(say("conversion_none_what"), icon=":material/flag:")
        return
    if found.is_empty() or found["lift"][0] is None:
        empty("no_lift")
        return
    row = found.row(0, named=True)
    st.caption(say(f"conversion_{row['conversion']}_what"))
    cards = st.columns(3)
    cards[0].metric(say("converted_treated", n=row["treated"]), f"{100 * row['conversion_rate']:.1f} %", border=True)
    cards[1].metric(say("converted_held_out", n=row["held_out"]), f"{100 * row['holdout_rate']:.1f} %", border=True)
    cards[2].metric(
        say("lift_points"),
        f"{100 * row['lift']:+.1f}",
        border=True,
        delta_color="off",
        delta_arrow="off",
        delta=f"[{100 * row['lift_low']:+.1f}, {100 * row['lift_high']:+.1f}]",
    )
    verdict = "lift_positive" if row["lift_low"] > 0 else "lift_negative" if row["lift_high"] < 0 else "lift_unclear"
    st.markdown(say(verdict))
    behind(found, "lift")
