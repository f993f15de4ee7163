"""Channels: how each one delivers and engages, what its provider allows, when people react and when they tire."""

from datetime import timedelta
from functools import partial

import polars as pl
import streamlit as st

from core.clock import utc_now
from core.store.engine import reading
from core.store.templates import template_states
from dashboard.data import ask, measured
from dashboard.parts.charts import daily_bars, heat, ranked
from dashboard.parts.show import chart, empty, table
from dashboard.parts.words import keyed, say, share, words
from dashboard.store import store

_RATES = ("delivery_rate", "open_rate_human", "click_rate_human", "reply_rate", "bounce_rate", "complaint_rate")
_DOMAINS = 15
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def show() -> None:
    """Draw the page."""
    st.title(say("channels"))
    days = st.segmented_control(say("period"), [7, 30, 90], default=30, format_func=lambda n: say("days", n=n)) or 30
    rates = _by_channel(days)
    if rates.is_empty():
        empty("nothing_sent")
        return
    st.caption(say("line_reports_none"))
    table(rates, "channel_rates")
    today = utc_now().date() + timedelta(days=1)
    first = today - timedelta(days=days)
    daily = ask("daily", first=first, last=today)
    st.subheader(say("sent_by_day"))
    chart(partial(daily_bars, daily, "sent", say("messages"), (first, today)), daily, "daily")
    _providers()
    st.subheader(say("mail_domains"))
    domains = ask("mail_domains", days=days)
    if domains.is_empty():
        empty("nothing_sent")
    else:
        totals = domains.group_by("email_domain").agg(pl.col("messages").sum()).sort("messages", descending=True)
        drawn = partial(ranked, totals.head(_DOMAINS), "messages", "email_domain", say("messages"))
        chart(drawn, domains, "mail_domains")
    _hours(days)
    _fatigue()


def _by_channel(days: int) -> pl.DataFrame:
    """Return the metrics of the period by channel, as shares of what each is divided by."""
    since = utc_now().date() - timedelta(days=days - 1)
    found = measured("sent", by=("channel",), since=since).rename({"metric_value": "sent"})
    for name in _RATES:
        rate = measured(name, by=("channel",), since=since)
        shown = [share(part, whole) for part, whole in rate.select("numerator", "denominator").iter_rows()]
        found = found.join(rate.select("channel", pl.Series(name, shown, dtype=pl.String)), on="channel", how="left")
    return found


def _providers() -> None:
    st.subheader(say("providers"))
    counted = ask("reconciliation", days=30).filter(pl.col("campaign_id").is_null())
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{say('templates')}**")
        with reading(store()) as connection:
            states = template_states(connection)
        if states:
            st.caption(say("templates_help"))
            table(pl.DataFrame(states, infer_schema_length=None), "templates")
        else:
            empty("no_template")
    with right:
        st.markdown(f"**{say('quotas')}**")
        quotas = ask("quotas")
        if quotas.is_empty():
            empty("no_quota")
        else:
            table(quotas, "quotas")
        st.markdown(f"**{say('reconciliation')}**")
        if counted.is_empty():
            empty("nothing_counted")
        else:
            table(counted.drop("campaign_id"), "provider_counts")


def _hours(days: int) -> None:
    st.subheader(say("people_react"))
    names = {"": say("all")} | words("channel")
    channel = st.segmented_control(
        say("channel"),
        ["", "email", "whatsapp", "line"],
        default="",
        format_func=lambda key: names[key],
        key=keyed("heat_channel"),
    )
    found = ask("engagement_hours", days=days, channel=channel or "")
    if found.is_empty():
        empty("no_reaction")
        return
    st.caption(say("people_react_help"))
    order = [say(each) for each in _WEEKDAYS]
    drawn = found.with_columns(
        pl.col("weekday").replace_strict(dict(enumerate(order, 1)), return_dtype=pl.String).alias(say("weekday")),
        pl.format("{}:00", pl.col("hour_of_day").cast(pl.String).str.zfill(2)).alias(say("hour_of_day")),
        pl.col("reactions").alias(say("reactions")),
    )
    hours = [f"{hour:02}:00" for hour in range(24)]
    chart(
        partial(heat, drawn, say("hour_of_day"), say("weekday"), say("reactions"), x_values=hours, y_values=order),
        found,
        "engagement_hours",
    )


def _fatigue() -> None:
    st.subheader(say("fatigue"))
    found = ask("fatigue")
    if found.is_empty():
        empty("nothing_sent")
        return
    st.caption(say("fatigue_help"))
    drawn = found.with_columns(
        pl.when(pl.col("messages_30d") == 6)
        .then(pl.lit("6+"))
        .otherwise(pl.col("messages_30d").cast(pl.String))
        .alias(say("messages_30d"))
    )
    chart(partial(ranked, drawn, "contacts", say("messages_30d"), say("contacts"), sort=None), found, "fatigue")
