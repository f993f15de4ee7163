"""One thread: what was said, an answer with what is suggested, handing it over, closing and opening it again."""

from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st
from sqlalchemy.exc import DBAPIError

from campaigns import replies, suggestions
from campaigns.replies import Draft, ReplyRefusedError
from core.clock import utc_now
from core.ids import random_id
from core.settings import load_settings
from core.store import conversations
from core.store.conversations import Conversation
from core.store.engine import reading
from core.vocabulary import EXITS, Role
from dashboard.data import ask
from dashboard.parts.again import look_again
from dashboard.parts.audited import note_reading
from dashboard.parts.campaign_names import campaign_names
from dashboard.parts.reasons import reason
from dashboard.parts.show import behind, empty
from dashboard.parts.words import keyed, say, when, words
from dashboard.store import store
from dashboard.viewer import actor, may

_OVERLAP = timedelta(minutes=30)  # the copy may lack what was recorded while it was built
_SAID: dict[str, Any] = {
    "happened_at": pl.Datetime("us", "UTC"),
    "direction": pl.String,
    "channel": pl.String,
    "what": pl.String,
    "detail": pl.String,
    "sentiment": pl.String,
    "said_id": pl.String,
}


def thread(row: dict[str, Any], *, is_live: bool) -> None:
    """Draw one thread; without the store (``is_live``) it can only be read, as old as the copy."""
    st.subheader(say("thread_of", name=row["contact"] or say("unknown_person")))
    until = row["window_open_until"]
    key = "window_none" if until is None else "window_open" if until > utc_now() else "window_over"
    st.caption(say(key, at=when(until)))
    conversation_id = row["conversation_id"]
    if row["contact_id"] is None:
        empty("unknown_thread")
    _said(conversation_id, row["contact_id"], is_live=is_live and may(Role.MARKETER))
    if done := st.session_state.pop("talk_done", None):
        st.success(done, icon=":material/check:")
    if wrong := st.session_state.pop("talk_wrong", None):
        st.error(wrong, icon=":material/block:")
    if is_live and may(Role.MARKETER):
        _answer(row)
        _hand_over(row)


@st.fragment(run_every="15s")
def _said(conversation_id: str, contact_id: str | None, *, is_live: bool) -> None:
    """Show what was said on every channel; answers and what just came in are as new as the store."""
    said = ask("thread", contact_id=contact_id) if contact_id else pl.DataFrame(schema=_SAID)
    states: dict[str, tuple[str, str | None]] = {}
    try:
        if is_live:
            said, states = _with_news(said, conversation_id)
        names = campaign_names()
        note_reading(f"conversation:{conversation_id}", [contact_id])
    except (DBAPIError, OSError):
        st.warning(say("store_away"), icon=":material/hourglass:")
        look_again()
        return  # who reads in the clear is noted first
    for line in said.sort("happened_at").iter_rows(named=True):
        _line(line, states.get(line["said_id"]), names)
    behind(said, "thread")


def _with_news(said: pl.DataFrame, conversation_id: str) -> tuple[pl.DataFrame, dict[str, tuple[str, str | None]]]:
    """Add what the copy does not have yet; returns our answers' states and reasons by message too."""
    since = st.session_state["version"].published_at - _OVERLAP
    with reading(store()) as connection:
        found = conversations.find(connection, conversation_id)
        if found is None:
            return said, {}
        heard, answers = conversations.heard_since(connection, found, since), conversations.answers(connection, found)
    ours = {each["message_id"] for each in answers}
    known = set(said["said_id"]) - ours
    news = [_news(found, "in", "replied", each["occurred_at"], each["text"], each["event_id"]) for each in heard]
    news += [
        _news(
            found,
            "out",
            conversations.REPLY,
            each["accepted_at"] or each["planned_at"],
            each["text"],
            each["message_id"],
        )
        for each in answers
    ]
    fresh = pl.DataFrame([each for each in news if each["said_id"] not in known], schema=_SAID)
    kept = said.filter(~pl.col("said_id").is_in(sorted(ours)))
    return pl.concat([kept.select(*_SAID).cast(pl.Schema(_SAID)), fresh]), {
        each["message_id"]: (each["status"], each["reason"]) for each in answers
    }


def _news(found: Conversation, direction: str, what: str, at: Any, text: str, said_id: str) -> dict[str, Any]:
    said = {"happened_at": at, "direction": direction, "channel": found.channel, "what": what, "detail": text}
    return {**said, "sentiment": None, "said_id": said_id}


def _line(line: dict[str, Any], state: tuple[str, str | None] | None, names: dict[str, str]) -> None:
    is_ours = line["direction"] == "out"
    avatar = ":material/support_agent:" if state else ":material/campaign:" if is_ours else ":material/person:"
    parts = [when(line["happened_at"]), words("channel").get(line["channel"], line["channel"])]
    if mood := words("sentiment").get(line["sentiment"] or ""):
        parts.append(mood)
    if state:
        parts.append(words("status").get(state[0], state[0]))
    with st.chat_message("assistant" if is_ours else "user", avatar=avatar):
        st.caption(" · ".join(parts))
        if is_ours and not state:
            is_answer = line["what"] == conversations.REPLY
            name = f"{names.get(line['what'], line['what'])} · {line['detail']}"
            st.text(say("answer_of_ours") if is_answer else say("campaign_message", name=name))
        else:
            st.text(line["detail"] or words("event").get(line["what"], line["what"]))
        if state and state[0] in EXITS:
            st.warning(say("answer_lost", reason=reason(state[1]) or "–"), icon=":material/warning:")


def _answer(row: dict[str, Any]) -> None:
    """Offer to answer, or say in words why nobody may now."""
    conversation_id = row["conversation_id"]
    with reading(store()) as connection:
        found = conversations.find(connection, conversation_id)
        against = None if found is None else replies.refusal(connection, found, utc_now())
        last = {} if found is None else conversations.written(connection, found.last_inbound_id or "")
    if against is not None:
        st.info(_why_not(against), icon=":material/block:")
        return
    # A draft keeps its key until it is sent: pressing twice, or again after a lost answer, sends once.
    draft = st.session_state.setdefault(f"draft-{conversation_id}", random_id())
    key = f"answer-{draft}"
    offered = suggestions.suggest(str(last.get("text", "")), row["contact"] or "")
    if offered:
        st.caption(say("suggested"))
        with st.container(horizontal=True):
            topics = words("topic")
            for each in offered:
                st.button(
                    topics[each.topic],
                    key=keyed(f"suggest-{each.topic}-{draft}"),
                    icon=":material/lightbulb:",
                    on_click=st.session_state.__setitem__,
                    args=(key, each.text),
                )
    st.text_area(say("your_answer"), key=key, placeholder=say("answer_help"))
    st.button(
        say("send_answer"),
        key=f"send-{draft}",
        icon=":material/send:",
        on_click=_send,
        args=(conversation_id, draft, key),
    )


def _send(conversation_id: str, draft: str, key: str) -> None:
    if not may(Role.MARKETER):
        return
    wish = Draft(conversation_id, draft, st.session_state.get(key, ""))
    secret = load_settings().warehouse_key.get_secret_value()
    try:
        replies.send(store(), st.session_state["version"], secret, wish, by=actor(), now=utc_now())
    except ReplyRefusedError as error:
        st.session_state["talk_wrong"] = _why_not(error)
        return
    st.session_state.pop(f"draft-{conversation_id}", None)
    st.session_state["talk_done"] = say("answer_planned")


def _why_not(error: ReplyRefusedError) -> str:
    values = {name: when(value) if name == "at" else value for name, value in error.values.items()}
    if "reason" in values:
        values["reason"] = reason(values["reason"])
    if error.code == "channel":
        values["channel"] = words("channel").get(values["channel"], values["channel"])
    return say(f"answer_not_{error.code}", **values)


def _hand_over(row: dict[str, Any]) -> None:
    names, conversation_id = words("department"), row["conversation_id"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = row["department"] or row["suggested_department"]
        department = st.selectbox(
            say("hand_over_to"),
            conversations.DEPARTMENTS,
            index=conversations.DEPARTMENTS.index(first) if first in conversations.DEPARTMENTS else 4,
            format_func=lambda each: names[each],
            key=keyed(f"department-{conversation_id}"),
        )
        st.button(
            say("hand_over"),
            icon=":material/forward:",
            on_click=_assign,
            args=(conversation_id, department),
            key=f"assign-{conversation_id}",
        )
        is_open = row["status"] == "open"
        st.button(
            say("close_thread" if is_open else "reopen_thread"),
            icon=":material/done_all:" if is_open else ":material/undo:",
            on_click=_set_open,
            args=(conversation_id, not is_open),
            key=f"close-{conversation_id}",
        )
    if row["department"]:
        st.caption(say("handed_over", department=names[row["department"]]))


def _assign(conversation_id: str, department: str) -> None:
    if may(Role.MARKETER):
        replies.hand_over(store(), conversation_id, department, by=actor(), now=utc_now())
        st.session_state["talk_done"] = say("handed_over", department=words("department")[department])


def _set_open(conversation_id: str, is_open: bool) -> None:  # noqa: FBT001 -- Streamlit calls back with places
    if may(Role.MARKETER):
        replies.set_open(store(), conversation_id, is_open=is_open, by=actor(), now=utc_now())
        st.session_state["talk_done"] = say("reopened_thread" if is_open else "closed_thread")
