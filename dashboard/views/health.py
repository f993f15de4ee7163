"""Data health: how fresh the sources are, and which messages nobody knows the fate of."""

import streamlit as st

from dashboard.data import ask
from dashboard.parts.show import table
from dashboard.parts.words import say, when


def show() -> None:
    """Draw the page."""
    st.title(say("health"))
    version = st.session_state["version"]
    st.caption(say("published", at=when(version.published_at), name=version.name))
    st.subheader(say("freshness"))
    found = ask("freshness")
    if found["is_fresh"].all():
        st.success(say("all_fresh"), icon=":material/check:")
    else:
        st.warning(say("alarm_stale", n=int((~found["is_fresh"]).sum())), icon=":material/schedule:")
    table(found, "freshness")
    st.subheader(say("in_doubt"))
    doubted = ask("in_doubt")
    if doubted.is_empty():
        st.success(say("none_in_doubt"), icon=":material/check:")
    else:
        st.caption(say("in_doubt_help"))
        table(doubted, "in_doubt")
    st.subheader(say("statuses"))
    table(ask("statuses"), "statuses")
