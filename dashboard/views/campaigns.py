"""Campaigns: the calendar, each one's result with the people behind every number, and several side by side."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from campaigns.definitions import all_campaigns
from core.clock import utc_now
from dashboard.data import ask
from dashboard.parts.campaign_names import campaign_names
from dashboard.parts.charts import calendar, compared
from dashboard.parts.show import chart, empty, linked, say_of_cost, tabbed, table
from dashboard.parts.words import keyed, say, when
from dashboard.store import store
from dashboard.views.campaign_builder import builder
from dashboard.views.campaign_result import result

_PAST_DAYS, _COMING_DAYS = 42, 14
_COMPARED = ("sent", "delivered", "opened_human", "clicked_human", "replied")


def show() -> None:
    """Draw the page."""
    st.title(say("campaigns"))
    found = ask("campaigns")
    if found.is_empty():
        empty("no_campaign")
        builder()
        return
    names = campaign_names()
    parts: dict[str, Callable[[], None]] = {
        "results": partial(_results, found, names),
        "calendar": partial(_calendar, names),
        "compare": partial(_compare, found.drop("last_run_at"), names),
        "build": builder,
    }
    tabbed(parts, "campaigns")


def _named(frame: pl.DataFrame, names: dict[str, str]) -> pl.Series:
    return pl.Series("campaign", [names.get(key, key) for key in frame["campaign_id"]])


def _results(found: pl.DataFrame, names: dict[str, str]) -> None:
    table(found.drop("campaign_id").insert_column(0, _named(found, names)), "campaigns")
    left, right = st.columns(2)
    with left:
        campaign_id = linked("campaign", found["campaign_id"].to_list(), say("campaign"), names)
    runs = {"": say("all_runs")} | {
        row["run_id"]: say("run_of", at=when(row["decided_at"]), n=row["audience"])
        for row in ask("runs", campaign_id=campaign_id).iter_rows(named=True)
    }
    run_id = right.selectbox(say("run"), list(runs), format_func=lambda key: runs[key], key=keyed(f"run-{campaign_id}"))
    result(campaign_id, run_id or "")


def _calendar(names: dict[str, str]) -> None:
    now = utc_now()
    first = (now - timedelta(days=_PAST_DAYS)).date()
    ran = ask("calendar", first=first).with_columns(pl.lit("ran").alias("kind"))
    shape = {"day": pl.Date, "campaign_id": pl.String, "considered": pl.Int64, "sent": pl.Int64, "kind": pl.String}
    coming = pl.DataFrame(_coming(now), schema=shape)
    days = pl.concat([ran.select(list(shape)), coming]).sort("day", "campaign_id")
    st.caption(say("calendar_help", n=_COMING_DAYS))
    drawn = days.with_columns(
        _named(days, names), pl.col("sent").fill_null(0), pl.col("kind").replace({"ran": say("ran"), "due": say("due")})
    )
    chart(partial(calendar, drawn), days, "calendar")


def _coming(now: datetime) -> list[dict]:
    """List the days on which campaigns are due, from now on."""
    rows = []
    for book in all_campaigns(store()):
        days, slot = set(), book.next_slot(now)
        while slot is not None and slot < now + timedelta(days=_COMING_DAYS):
            local = slot.astimezone(ZoneInfo(book.time_zone))
            days.add(local.date())
            slot = book.next_slot(local.replace(hour=23, minute=59, second=59))
        rows += [
            {"day": each, "campaign_id": book.campaign_id, "considered": None, "sent": None, "kind": "due"}
            for each in days
        ]
    return rows


def _compare(campaigns: pl.DataFrame, names: dict[str, str]) -> None:
    campaign_ids = campaigns["campaign_id"].to_list()
    asked = [each for each in st.query_params.get("compare", "").split(",") if each in campaign_ids]
    chosen = st.pills(
        say("compare"),
        campaign_ids,
        selection_mode="multi",
        default=asked or campaign_ids[:3],
        format_func=lambda key: names.get(key, key),
    )
    if not chosen:
        empty("nothing_chosen")
        return
    st.query_params["compare"] = ",".join(chosen)
    found = campaigns.filter(pl.col("campaign_id").is_in(chosen))
    long = found.unpivot(_COMPARED, index="campaign_id", variable_name="stage", value_name="messages")
    drawn = long.with_columns(_named(long, names), pl.col("stage").replace({each: say(each) for each in _COMPARED}))
    chart(partial(compared, drawn), found, "comparison")
    earned = ask("comparison_money", campaign_ids=tuple(chosen))
    if not earned.is_empty():
        st.subheader(say("money"))
        st.caption(say("money_help"))
        table(earned, "comparison_money")
        say_of_cost(ask("unpriced", first=date.min, last=date.max, campaign_ids=tuple(chosen)))
