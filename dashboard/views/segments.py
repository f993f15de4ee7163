"""Segments: who is in, since when, why, and who came and went."""

import altair as alt
import polars as pl
import streamlit as st

from dashboard.data import ask
from dashboard.parts.show import empty, table
from dashboard.parts.words import say, words


def show() -> None:
    """Draw the page."""
    st.title(say("segments"))
    found = ask("segments")
    if found.is_empty():
        empty("no_segment")
        return
    table(found, "segments")
    names = dict(found.select("segment_id", "name").iter_rows())
    segment_id = st.selectbox(say("segment"), list(names), format_func=lambda key: names[key])
    st.subheader(say("movements"))
    moved = ask("movements", segment_id=segment_id).with_columns(pl.col("movement").replace(words("moved")))
    st.altair_chart(
        alt.Chart(moved)
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X("day:T", title=None),
            y=alt.Y("contacts:Q", title=say("contacts")),
            xOffset="movement:N",
            color=alt.Color("movement:N", title=None, scale=alt.Scale(range=["#0f766e", "#cbd5e1"])),
        ),
        width="stretch",
    )
    st.subheader(say("members"))
    table(ask("members", segment_id=segment_id), "members")
