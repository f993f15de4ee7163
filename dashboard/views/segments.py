"""Segments: who is in, since when and why; what they share; what a new rule would hold; why somebody is in or not."""

from collections.abc import Callable
from functools import partial

import polars as pl
import streamlit as st

from campaigns import explain as explanations
from campaigns.segments import open_library
from core.clock import utc_now
from dashboard.data import ask
from dashboard.looking import over_copy
from dashboard.parts import charts
from dashboard.parts.reasons import reason
from dashboard.parts.show import chart, empty, linked, tabbed, table
from dashboard.parts.words import keyed, say, when, words
from dashboard.store import store
from dashboard.views.segment_past import past
from dashboard.views.segment_rules import rules

_DAYS = 60


def show() -> None:
    """Draw the page."""
    st.title(say("segments"))
    found = ask("segments")
    if found.is_empty():
        empty("no_segment")
        rules()  # the first one is made here, too
        return
    names = {
        key: name_th if st.session_state.get("language") == "th" else name
        for key, name, name_th in found.select("segment_id", "name", "name_th").iter_rows()
    }
    parts: dict[str, Callable[[], None]] = {
        "members": partial(_segment, found, names),
        "overlap": partial(_overlap, names),
        "rules": rules,
        "backtest": partial(past, names),
    }
    tabbed(parts, "segments")


def _segment(found: pl.DataFrame, names: dict[str, str]) -> None:
    table(found.drop("name_th"), "segments")
    segment_id = linked("segment", list(names), say("segment"), names)
    st.subheader(say("membership"))
    days = ask("membership_days", segment_id=segment_id, days=_DAYS)
    chart(partial(charts.line, days, "day", "members", say("contacts")), days, "membership")
    st.subheader(say("movements"))
    moved = ask("movements", segment_id=segment_id)
    if moved.is_empty():
        empty("nothing_moved")
    else:
        signed = pl.when(pl.col("movement") == "out").then(-pl.col("contacts")).otherwise(pl.col("contacts"))
        drawn = moved.with_columns(signed.alias("signed"), pl.col("movement").replace(words("moved")))
        chart(partial(charts.movements, drawn), moved, "movements")
    st.subheader(say("members_why"))
    members = ask("members", segment_id=segment_id)
    if members.is_empty():
        empty("nobody_in")
    else:
        table(members, "members")
    st.subheader(say("explain"))
    _explain(segment_id)


def _overlap(names: dict[str, str]) -> None:
    shared = ask("overlap")
    if shared.is_empty():
        empty("nobody_in")
        return
    st.caption(say("overlap_help"))
    drawn = shared.select(
        pl.col("segment").replace(names).alias(say("segment")),
        pl.col("other_segment").replace(names).alias(say("other_segment")),
        pl.col("contacts").alias(say("contacts")),
    )
    drawing = partial(charts.heat, drawn, say("segment"), say("other_segment"), say("contacts"), numbers=True)
    chart(drawing, shared, "overlap")


@st.fragment
def _explain(segment_id: str) -> None:
    text = st.text_input(say("search_person"), key="explain_text", placeholder=say("search_hint"))
    if not text:
        st.caption(say("explain_help"))
        return
    people = ask("segment_contacts", text=text)
    if people.is_empty():
        empty("no_person")
        return
    named = {row["contact_id"]: f"{row['contact']} · {row['company']}" for row in people.iter_rows(named=True)}
    contact_id = st.selectbox(
        say("person"), list(named), format_func=lambda key: named[key], key=keyed("explain_contact")
    )
    library = open_library(store())
    with over_copy() as connection:
        told = explanations.explain(connection, library.get(segment_id), contact_id, library, now=utc_now())
    clauses = [
        {
            "subject_id": subject["subject_id"],
            "clause": clause["clause"],
            "held": clause["held"],
            "value": clause["value"],
        }
        for subject in told["subjects"]
        for clause in subject.get(
            "clauses", [{"clause": reason(subject.get("reason")), "held": subject["is_in"], "value": None}]
        )
    ]
    verdict = "is_in" if told["is_in"] else "is_not_in" if clauses else "is_out"
    (st.success if told["is_in"] else st.info)(say(verdict))
    if clauses:
        shape = {"subject_id": pl.String, "clause": pl.String, "held": pl.Boolean, "value": pl.String}
        table(pl.DataFrame(clauses, schema=shape), "explained")
    for each in told["memberships"]:
        st.caption(
            say("was_in", since=when(each["valid_from"]), until=when(each["valid_to"]), why=reason(each["reason"]))
        )
