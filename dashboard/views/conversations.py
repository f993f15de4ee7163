"""Conversations: who waits for an answer and how long, in what mood, and one thread to answer, hand over and close."""

from datetime import datetime
from statistics import median
from typing import Any

import polars as pl
import streamlit as st
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from core.store import conversations
from core.store.engine import reading
from dashboard.data import ask
from dashboard.parts.again import look_again
from dashboard.parts.show import empty, linked, table
from dashboard.parts.words import say, when, words
from dashboard.store import store
from dashboard.views.conversation_thread import thread
from pipelines.judging.routing import PROMISES

_COLUMNS = (
    "contact",
    "company",
    "urgency",
    "waited_minutes",
    "minutes_left",
    "promise",
    "sentiment",
    "channel",
    "department",
    "status",
    "last_inbound_at",
    "window_open_until",
    "message_count",
)
# DOMAIN.md §3: what a first answer is worth by how soon it came, in seconds.
_GRADES = {"excellent": 60, "good": 5 * 60, "acceptable": 3600}
_TIME = pl.Datetime("us", "UTC")
_SHAPE: dict[str, Any] = {
    "conversation_id": pl.String,
    "contact_id": pl.String,
    "channel": pl.String,
    "status": pl.String,
    "department": pl.String,
    "opened_at": _TIME,
    "last_inbound_at": _TIME,
    "last_outbound_at": _TIME,
    "window_open_until": _TIME,
    "waiting_since": _TIME,
    "first_response_seconds": pl.Float64,
    "message_count": pl.Int64,
}


def show() -> None:
    """Draw the page."""
    st.title(say("conversations"))
    now = utc_now()
    known = ask("threads")
    live = _live()
    found = known if live is None else _together(known, live)
    if found.is_empty():
        empty("no_conversation")
        return
    graded = _graded(found, now)
    _cards(graded, now)
    names = {"waiting": say("only_waiting"), "all": say("all_threads")}
    only = st.segmented_control(
        say("waiting"), [*names], default="waiting", format_func=lambda key: names[key], key="threads-shown"
    )
    # The open thread stays where it is when it is answered.
    is_shown = pl.col("waiting_since").is_not_null() | (
        pl.col("conversation_id") == st.query_params.get("conversation", "")
    )
    shown = graded.filter(is_shown) if only != "all" else graded
    if shown.is_empty():
        empty("nobody_waits")
        return
    st.caption(say("promises_help"))
    table(shown.select(_COLUMNS), "threads")
    listed = {row["conversation_id"]: row for row in shown.iter_rows(named=True)}
    chosen = linked("conversation", list(listed), say("thread"), {key: _name(row) for key, row in listed.items()})
    if chosen in listed:
        thread(listed[chosen], is_live=live is not None)


def _live() -> pl.DataFrame | None:
    """Return the threads as they stand this moment; None, with a word about it, while the store does not answer."""
    try:
        with reading(store()) as connection:
            found = conversations.newest(connection)
    except (DBAPIError, OSError):
        st.warning(say("store_away"), icon=":material/hourglass:")
        look_again()
        return None
    return pl.DataFrame([_row(each) for each in found], schema=_SHAPE)


def _row(each: conversations.Conversation) -> dict[str, Any]:
    answered = each.first_answered_at - each.opened_at if each.first_answered_at else None
    return {
        **{name: getattr(each, name, None) for name in _SHAPE},
        "waiting_since": each.waiting_since if each.is_waiting else None,
        "first_response_seconds": answered.total_seconds() if answered is not None else None,
    }


def _together(known: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """Put what the copy knows of people and moods beside what the store says of the threads now."""
    ids = sorted({each for each in live["contact_id"] if each})
    people = ask("thread_people", contact_ids=tuple(ids))
    judged = known.select("conversation_id", "sentiment", "urgency", "suggested_department")
    return live.join(people, on="contact_id", how="left").join(judged, on="conversation_id", how="left")


def _graded(found: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Add how long each waits, what is left of the promise, and how it is kept; who has least left comes first."""
    promised = pl.col("urgency").replace_strict(PROMISES, default=PROMISES["normal"], return_dtype=pl.Int64)
    waited = (pl.lit(now) - pl.col("waiting_since")).dt.total_seconds()
    graded = found.with_columns(
        waited_minutes=(waited / 60).round().cast(pl.Int64),
        minutes_left=((promised - waited) / 60).floor().cast(pl.Int64),
    )
    kept = pl.Series("promise", [_promise(row) for row in graded.iter_rows(named=True)], dtype=pl.String)
    return graded.with_columns(kept).sort("minutes_left", "last_inbound_at", descending=[False, True], nulls_last=True)


def _promise(row: dict[str, Any]) -> str | None:
    """Say how the promise stands for who waits, and how good the first answer was for who got one."""
    if row["minutes_left"] is not None:
        return say("grade_in_time" if row["minutes_left"] >= 0 else "grade_late")
    if row["first_response_seconds"] is None:
        return None
    return say(
        f"grade_{next((name for name, most in _GRADES.items() if row['first_response_seconds'] < most), 'slow')}"
    )


def _cards(found: pl.DataFrame, now: datetime) -> None:
    waiting = found.filter(pl.col("waiting_since").is_not_null())
    longest = max(((now - each).total_seconds() for each in waiting["waiting_since"]), default=None)
    answered = [each for each in found["first_response_seconds"] if each is not None]
    cards = st.columns(4)
    cards[0].metric(say("waiting_now"), len(waiting), border=True)
    cards[1].metric(say("waiting_late"), len(waiting.filter(pl.col("minutes_left") < 0)), border=True)
    cards[2].metric(say("waiting_longest"), _span(longest), border=True)
    cards[3].metric(say("first_answer"), _span(median(answered) if answered else None), border=True)


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    if days > 1:
        return say("span_days", d=days)
    return say("span_day", h=hours) if days else say("span_hours", h=hours, m=minutes % 60)


def _name(row: dict[str, Any]) -> str:
    who = " · ".join(part for part in (row["contact"], row["company"]) if part) or say("unknown_person")
    return f"{who} · {words('channel').get(row['channel'], row['channel'])} · {when(row['last_inbound_at'])}"
