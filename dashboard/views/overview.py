"""Overview: what happened lately, by channel, and what needs somebody."""

from datetime import date, timedelta

import altair as alt
import polars as pl
import streamlit as st

from core.clock import utc_now
from dashboard.data import ask, measured
from dashboard.parts.show import channel_colour, empty, table
from dashboard.parts.words import say, share, words


def show() -> None:
    """Draw the page."""
    st.title(say("overview"))
    days = st.segmented_control(say("period"), [7, 30, 90], default=30, format_func=lambda n: say("days", n=n)) or 30
    totals = ask("channel_totals", days=days)
    if totals.is_empty():
        empty("nothing_sent")
        return
    _cards(totals, since=utc_now().date() - timedelta(days=days - 1))
    _alarms()
    st.subheader(say("sent_by_day"))
    daily = ask("daily", days=days)
    st.altair_chart(
        alt.Chart(daily.with_columns(pl.col("channel").replace(words("channel"))))
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X("metric_date:T", title=None),
            y=alt.Y("sent:Q", title=say("messages")),
            color=channel_colour(),
            tooltip=["metric_date:T", "channel", "sent", "opened_human", "clicked_human", "replied"],
        )
        .properties(height=280),
        width="stretch",
    )
    st.subheader(say("by_channel"))
    st.caption(say("raw_and_human"))
    table(totals, "channels")
    st.subheader(say("decided"))
    outcomes = ask("recent_outcomes", days=days)
    named = outcomes.with_columns(pl.col("outcome").replace(words("outcome")))
    st.altair_chart(
        alt.Chart(named)
        .mark_bar(color="#0f766e", cornerRadius=2)
        .encode(
            x=alt.X("contacts:Q", title=say("contacts")),
            y=alt.Y("outcome:N", sort="-x", title=None, axis=alt.Axis(labelLimit=240)),
        ),
        width="stretch",
    )


def _cards(totals: pl.DataFrame, since: date) -> None:
    summed = totals.select(pl.exclude("channel").sum()).row(0, named=True)
    cards = [
        ("sent", f"{summed['sent']:,}", None),
        ("delivered", f"{summed['delivered']:,}", say("delivered_help")),
        ("opened_human", _rate("open_rate_human", since), say("raw_is", n=summed["opened_raw"])),
        ("clicked_human", _rate("click_rate_human", since), say("raw_is", n=summed["clicked_raw"])),
        ("replied", f"{summed['replied']:,}", None),
        ("unsubscribed", f"{summed['unsubscribed']:,}", None),
    ]
    for place, (key, value, explanation) in zip([*st.columns(3), *st.columns(3)], cards, strict=True):
        place.metric(say(key), value, help=explanation, border=True)


def _rate(metric: str, since: date) -> str:
    found = measured(metric, since=since).row(0, named=True)
    return share(found["numerator"], found["denominator"])


def _alarms() -> None:
    found = ask("alarms").row(0, named=True)
    if found["in_doubt"]:
        st.warning(say("alarm_in_doubt", n=found["in_doubt"]), icon=":material/help:")
    if found["stale_sources"]:
        st.warning(say("alarm_stale", n=found["stale_sources"]), icon=":material/schedule:")
    if found["drifting_collections"]:
        st.warning(say("alarm_drift", n=found["drifting_collections"]), icon=":material/sync_problem:")
    if found["waiting"]:
        st.info(say("alarm_waiting", n=found["waiting"]), icon=":material/hourglass:")
