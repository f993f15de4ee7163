"""Conversations: who waits for an answer and how long, and what was said on every channel."""

from datetime import datetime
from statistics import median

import polars as pl
import streamlit as st

from core.clock import utc_now
from core.store import conversations
from core.vocabulary import Role
from dashboard.data import ask
from dashboard.parts.audited import note_change, note_reading
from dashboard.parts.show import behind, empty, linked, table
from dashboard.parts.words import say, when, words
from dashboard.store import store
from dashboard.viewer import may

_COLUMNS = (
    "contact",
    "company",
    "channel",
    "promise",
    "last_inbound_at",
    "last_outbound_at",
    "window_open_until",
    "status",
    "message_count",
    "sentiment",
)
# DOMAIN.md §3: how soon a first answer is promised, by urgency, in seconds.
_PROMISES = {"urgent": 15 * 60, "high": 3600, "normal": 4 * 3600, "low": 24 * 3600}


def show() -> None:
    """Draw the page."""
    st.title(say("conversations"))
    found = ask("threads")
    if found.is_empty():
        empty("no_conversation")
        return
    now = utc_now()
    graded = found.with_columns(pl.Series("promise", [_promise(row, now) for row in found.iter_rows(named=True)]))
    _cards(graded, now)
    names = {"waiting": say("only_waiting"), "all": say("all_threads")}
    only = st.segmented_control(say("waiting"), [*names], default="waiting", format_func=lambda key: names[key])
    shown = graded.filter(pl.col("is_waiting")) if only != "all" else graded
    if shown.is_empty():
        empty("nobody_waits")
        return
    st.caption(say("grades_help"))
    table(shown.select(_COLUMNS), "threads")
    _thread(shown)


def _cards(found: pl.DataFrame, now: datetime) -> None:
    waiting = found.filter(pl.col("is_waiting"))
    longest = max(((now - each).total_seconds() for each in waiting["last_inbound_at"]), default=None)
    answered = [each for each in found["first_response_seconds"] if each is not None]
    cards = st.columns(3)
    cards[0].metric(say("waiting_now"), len(waiting), border=True)
    cards[1].metric(say("waiting_longest"), _span(longest), border=True)
    cards[2].metric(say("first_answer"), _span(median(answered) if answered else None), border=True)


def _promise(row: dict, now: datetime) -> str:
    """Say which promise still holds: for who waits until now, else for the first answer that was given."""
    waited = (now - row["last_inbound_at"]).total_seconds() if row["is_waiting"] else row["first_response_seconds"]
    if waited is None:
        return ""
    return say(f"grade_{next((name for name, most in _PROMISES.items() if waited <= most), 'late')}")


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    return say("span_days", d=days, h=hours) if days else say("span_hours", h=hours, m=minutes % 60)


def _thread(found: pl.DataFrame) -> None:
    names = {row["conversation_id"]: _name(row) for row in found.iter_rows(named=True)}
    conversation_id = linked("conversation", list(names), say("thread"), names)
    row = found.filter(pl.col("conversation_id") == conversation_id).row(0, named=True)
    st.subheader(say("thread_of", name=row["contact"] or say("unknown_person")))
    until = row["window_open_until"]
    key = "window_none" if until is None else "window_open" if until > utc_now() else "window_over"
    st.caption(say(key, at=when(until)))
    if row["contact_id"] is None:
        empty("unknown_thread")
    else:
        _said(row["contact_id"])
    if row["status"] == "open" and may(Role.MARKETER) and st.button(say("close_thread"), icon=":material/done_all:"):
        with store().begin() as connection:
            conversations.close(connection, conversation_id, utc_now())
            note_change(connection, "close_conversation", conversation_id, {})
        st.success(say("closed_thread"), icon=":material/check:")


def _name(row: dict) -> str:
    who = " · ".join(part for part in (row["contact"], row["company"]) if part) or say("unknown_person")
    return f"{who} · {words('channel').get(row['channel'], row['channel'])} · {when(row['last_inbound_at'])}"


def _said(contact_id: str) -> None:
    said = ask("thread", contact_id=contact_id)
    note_reading(f"conversation:{contact_id}", [contact_id])
    channels, events = words("channel"), words("event")
    for row in said.iter_rows(named=True):
        is_ours = row["direction"] == "out"
        with st.chat_message(
            "assistant" if is_ours else "user", avatar=":material/campaign:" if is_ours else ":material/person:"
        ):
            st.caption(f"{when(row['happened_at'])} · {channels.get(row['channel'], row['channel'])}")
            if is_ours:
                st.text(say("campaign_message", name=f"{row['what']} · {row['detail']}"))
            else:
                st.text(row["detail"] or events.get(row["what"], row["what"]))
    behind(said, "thread")
