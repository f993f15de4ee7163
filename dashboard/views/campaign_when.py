"""The part of the form that asks when: once, again and again, or when somebody enters the segment."""

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
_OFTEN = {"daily": "* * *", "working_days": "* * 1-5", "weekly": "* * 1", "monthly": "1 * *"}


def when(zone: str, tomorrow: date, hour: time) -> dict[str, Any]:
    """Draw the fields; returns ``when, day, hour, cron, time_zone`` and, of a trigger, ``after_days, stop_when``."""
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
    return found | (_entry() if kind == "entry" else {})


def _entry() -> dict[str, Any]:
    stops = words("stop")
    left, right = st.columns(2)
    after = left.number_input(say("form_after_days"), 0, 60, 0, key="c_after")
    chosen = right.pills(
        say("form_stop"), list(stops), selection_mode="multi", format_func=lambda key: stops[key], key=keyed("c_stop")
    )
    return {"after_days": int(after), "stop_when": list(chosen or [])}
