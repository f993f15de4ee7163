"""The part of the form that asks when: once, again and again, or when something makes a member of the segment due."""

from datetime import date, time
from typing import Any

import streamlit as st

from dashboard.parts.form import wrong
from dashboard.parts.words import keyed, say, words

# Where the customers are (DOMAIN.md §1); the installation's own zone comes first.
_ZONES = (
    "Asia/Bangkok",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Kuala_Lumpur",
    "Asia/Jakarta",
    "Asia/Dubai",
    "Indian/Maldives",
    "Europe/London",
    "UTC",
)
_EVENTS = ("clicked", "replied", "opened", "read", "followed")  # what people do
_MOST_DAYS = 60
_OFTEN = {"daily": "* * *", "working_days": "* * 1-5", "weekly": "* * 1", "monthly": "1 * *"}


def when(zone: str, tomorrow: date, hour: time) -> dict[str, Any]:
    """Draw the fields; returns ``when, day, hour, cron, time_zone``, and what a trigger needs besides."""
    kinds = words("when")
    kind = st.segmented_control(
        say("form_when"), list(kinds), default="once", format_func=lambda key: kinds[key], key=keyed("c_when")
    )
    kind = kind or "once"
    left, middle, right = st.columns(3)
    zones = list(dict.fromkeys((zone, *_ZONES)))
    found: dict[str, Any] = {"when": kind, "day": tomorrow, "cron": ""}
    if kind == "once":
        found["day"] = left.date_input(say("day"), value=tomorrow, key="c_day")
        wrong("day", left)
    else:
        often = words("often")
        chosen = left.selectbox(
            say("form_often" if kind == "again" else "form_look"),
            [*_OFTEN, "cron"],
            format_func=lambda key: often[key],
            key=keyed("c_often"),
        )
        if chosen == "cron":
            found["cron"] = left.text_input(say("form_cron_field"), value="0 10 * * 1", key="c_cron")
    found["hour"] = middle.time_input(say("time"), value=hour, key="c_time")
    found["time_zone"] = right.selectbox(say("form_zone"), zones, key="c_zone")
    if kind != "once" and not found["cron"] and chosen != "cron":
        found["cron"] = f"{found['hour'].minute} {found['hour'].hour} {_OFTEN[chosen]}"
    wrong("cron", left)
    return found | (_trigger(kind) if kind not in {"once", "again"} else {})


def _trigger(kind: str) -> dict[str, Any]:
    stops, found = words("stop"), {}
    left, right = st.columns(2)
    if kind == "event":
        events = words("event")
        found["event_type"] = left.selectbox(
            say("form_event"), _EVENTS, format_func=lambda key: events[key], key=keyed("c_event")
        )
    elif kind == "date":
        dates = words("dated_by")
        found["date_field"] = left.selectbox(
            say("form_date"), list(dates), format_func=lambda key: dates[key], key=keyed("c_date")
        )
    days, first = ("form_around_days", -_MOST_DAYS) if kind == "date" else ("form_after_days", 0)
    after = left.number_input(say(days), first, _MOST_DAYS, 0, key=f"c_after_{kind}")
    chosen = right.pills(
        say("form_stop"), list(stops), selection_mode="multi", format_func=lambda key: stops[key], key=keyed("c_stop")
    )
    return {**found, "after_days": int(after), "stop_when": list(chosen or [])}
