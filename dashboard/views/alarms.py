"""What needs somebody now: it moves by itself every minute, the rest of the page stays."""

from datetime import timedelta

import streamlit as st

from core.clock import utc_now
from core.store import campaigns
from core.store.engine import reading
from core.store.templates import template_states
from dashboard.data import ask, measured
from dashboard.parts.words import say
from dashboard.store import store

# Gmail: stay under the first, never reach the second; then nothing helps until seven days below.
_WATCH, _STOP = 0.001, 0.003
_MOST_BOUNCES = 0.02
_RATE_DAYS = 7
_UNUSABLE = {"paused", "rejected", "disabled"}


@st.fragment(run_every=timedelta(minutes=1))
def alarms() -> None:
    """Draw what needs somebody, the worst first; nothing but a line when nothing does."""
    found = ask("alarms").row(0, named=True)
    with reading(store()) as connection:
        holds = campaigns.standing_holds(connection)
        unusable = [each for each in template_states(connection) if each["provider_status"] in _UNUSABLE]
    said = _rates()
    for scope, reason in holds.items():
        said.append((st.error, say("alarm_hold", scope=scope, reason=reason), "pause_circle"))
    for each in unusable:
        text = say(
            "alarm_template", name=each["template_id"], language=each["language"], status=each["provider_status"]
        )
        said.append((st.warning, text, "unpublished"))
    if found["in_doubt"]:
        said.append((st.warning, say("alarm_in_doubt", n=found["in_doubt"]), "help"))
    if found["stale_sources"]:
        said.append((st.warning, say("alarm_stale", n=found["stale_sources"]), "schedule"))
    if found["drifting_collections"]:
        said.append((st.warning, say("alarm_drift", n=found["drifting_collections"]), "sync_problem"))
    if found["waiting"]:
        said.append((st.info, say("alarm_waiting", n=found["waiting"]), "hourglass"))
    for draw, text, icon in said:
        draw(text, icon=f":material/{icon}:")
    if not said:
        st.success(say("no_alarm"), icon=":material/check:")


def _rates() -> list[tuple]:
    """Compare a week's complaints with Gmail's two lines, and its bounces with what mail providers bear."""
    since = utc_now().date() - timedelta(days=_RATE_DAYS)
    complaints, bounces = (
        measured(name, since=since, only={"channel": "email"}).row(0, named=True)
        for name in ("complaint_rate", "bounce_rate")
    )
    said = []
    rate = complaints["metric_value"] or 0
    if rate >= _WATCH:
        key, draw = ("alarm_complaints_stop", st.error) if rate >= _STOP else ("alarm_complaints", st.warning)
        said.append((draw, say(key, rate=f"{100 * rate:.2f}", n=complaints["numerator"]), "report"))
    rate = bounces["metric_value"] or 0
    if rate > _MOST_BOUNCES:
        said.append((st.warning, say("alarm_bounces", rate=f"{100 * rate:.1f}", n=bounces["numerator"]), "undo"))
    return said
