"""Today: what happened against the same weekdays before, what goes out today, what needs somebody."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from campaigns.definitions import all_campaigns
from core.clock import utc_now
from core.settings import load_settings
from dashboard.data import ask, measured
from dashboard.parts.charts import daily_bars, ranked, waterfall, worded
from dashboard.parts.show import chart, empty, say_of_cost, table
from dashboard.parts.words import language, money, say, share
from dashboard.store import store
from dashboard.views.alarms import alarms
from dashboard.views.campaign_builder import waiting

_WEEKS = 4
_COUNTS = ("sent", "delivered", "replied", "unsubscribed")
_RATES = {"open_rate_human": "opened_human", "click_rate_human": "clicked_human"}
_RAW = {"open_rate_human": "opened_raw", "click_rate_human": "clicked_raw"}


def show() -> None:
    """Draw the page."""
    st.title(say("overview"))
    alarms()
    today = utc_now().astimezone(ZoneInfo(load_settings().time_zone)).date()
    _today(today)
    st.subheader(say("waits_for_approval"))
    waiting()
    st.subheader(say("lately"))
    days = st.segmented_control(say("period"), [1, 7, 28], default=7, format_func=lambda n: say(f"last_{n}")) or 7
    last = today - timedelta(days=1)
    first = today - timedelta(days=days)
    _cards(first, last, days)
    _money(first, last)
    totals = ask("channel_totals", first=first, last=last)
    if totals.is_empty():
        empty("nothing_sent")
        return
    st.subheader(say("sent_by_day"))
    daily = ask("daily", first=first, last=last)
    chart(partial(daily_bars, daily, "sent", say("messages"), (first, last)), daily, "daily")
    st.subheader(say("by_channel"))
    st.caption(say("raw_and_human"))
    table(totals, "channels")
    st.subheader(say("decided"))
    outcomes = ask("recent_outcomes", first=first, last=last)
    drawn = partial(ranked, worded(outcomes, "outcome"), "contacts", "outcome", say("contacts"))
    chart(drawn, outcomes, "recent_outcomes")


def _cards(first: date, last: date, days: int) -> None:
    st.caption(say("compared_with", n=_WEEKS))
    cards = st.columns(3), st.columns(3)
    places = [*cards[0], *cards[1]]
    for place, metric in zip(places, _COUNTS[:2], strict=False):
        now, before = _windows(metric, first, last, days, "metric_value")
        explanation = say("delivered_help") if metric == "delivered" else None
        place.metric(say(metric), f"{now:,.0f}", _change(now, before), help=explanation, border=True)
    for place, metric in zip([places[2], places[3]], _RATES, strict=True):
        part, whole = (_windows(metric, first, last, days, name) for name in ("numerator", "denominator"))
        raw, _ = _windows(_RAW[metric], first, last, days, "metric_value")
        value, then = share(part[0], whole[0]), share(part[1], whole[1])
        delta = (
            None if "–" in (value, then) else f"{100 * (part[0] / whole[0] - part[1] / whole[1]):+.1f} {say('points')}"
        )
        place.metric(say(_RATES[metric]), value, delta, help=say("raw_is", n=f"{raw:,.0f}"), border=True)
    for place, metric in zip(places[4:], _COUNTS[2:], strict=True):
        now, before = _windows(metric, first, last, days, "metric_value")
        is_bad = metric == "unsubscribed"
        change = _change(now, before)
        place.metric(say(metric), f"{now:,.0f}", change, delta_color="inverse" if is_bad else "normal", border=True)


def _windows(metric: str, first: date, last: date, days: int, column: str) -> tuple[float, float]:
    """Return a metric's sum over the days, and its mean over as many days of the weeks before, weekday by weekday."""
    step = timedelta(days=max(7, days))
    rows = measured(metric, by=("metric_date",), since=first - _WEEKS * step)
    sums = [0.0] * (_WEEKS + 1)
    for day, value in rows.select("metric_date", column).iter_rows():  # some hundred: no frame is quicker
        back, within = divmod((last - day).days, step.days)
        if 0 <= back <= _WEEKS and within < days:
            sums[back] += float(value or 0)
    return sums[0], sum(sums[1:]) / _WEEKS


def _change(now: float, before: float) -> str | None:
    return f"{100 * (now - before) / before:+.0f} %" if before else None


def _money(first: date, last: date) -> None:
    earned = ask("money", first=first, last=last)
    if earned.is_empty():
        return
    for row, places in zip(earned.iter_rows(named=True), (st.columns(3) for _ in range(len(earned))), strict=False):
        for place, name in zip(places, ("revenue", "incremental_revenue", "cost"), strict=True):
            place.metric(f"{say(name)} · {row['currency']}", money(row[name], row["currency"]), border=True)
    say_of_cost(ask("unpriced", first=first, last=last, campaign_ids=()))


def _today(today: date) -> None:
    st.subheader(say("goes_out_today"))
    runs = ask("todays_runs", day=today)
    left, right = st.columns(2, gap="large")
    with left:
        if (slots := _slots(today, runs)).is_empty():
            empty("nothing_goes_out_today")
        else:
            table(slots, "todays_slots")
    outcomes = ask("todays_outcomes", day=today)
    with right:
        if outcomes.is_empty():
            empty("nothing_decided_today")
            return
        chart(partial(waterfall, outcomes), outcomes, "todays_outcomes")


def _slots(today: date, runs: pl.DataFrame) -> pl.DataFrame:
    """List what was decided today and which campaigns are due still, one line a campaign."""
    now = utc_now()
    decided = {row["campaign_id"]: row for row in runs.iter_rows(named=True)}
    rows = []
    for book in all_campaigns(store()):
        left = [
            slot
            for slot in book.slots(now, now + timedelta(days=1))
            if slot.astimezone(ZoneInfo(load_settings().time_zone)).date() == today
        ]
        done = decided.pop(book.campaign_id, None)
        if left or done:
            name = book.name_th if language() == "th" else book.name
            rows.append(_slot(name, done or {}, left))
    rows += [_slot(key, done, []) for key, done in decided.items()]
    shape: dict[str, Any] = {
        "campaign": pl.String,
        "considered": pl.Int64,
        "sent": pl.Int64,
        "next_at": pl.Datetime("us", "UTC"),
        "times_left": pl.Int64,
    }
    return pl.DataFrame(rows, schema=shape)


def _slot(name: str, done: dict[str, Any], left: list[datetime]) -> dict[str, Any]:
    next_at = left[0].astimezone(UTC) if left else None
    counts = {key: done.get(key) for key in ("considered", "sent")}
    return {"campaign": name, **counts, "next_at": next_at, "times_left": len(left)}
