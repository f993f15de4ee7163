"""Data health: how fresh the sources are, which promises hold, and which messages nobody knows the fate of."""

import streamlit as st

from core.settings import load_settings
from dashboard.data import ask
from dashboard.parts.show import table
from dashboard.parts.words import say, when
from warehouse.publish import last_refusal


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
    st.subheader(say("checks"))
    kept = ask("checks")
    if refusal := last_refusal(load_settings().serve_dir):
        st.error(say("refused", at=when(refusal[0]), broken="; ".join(refusal[1])), icon=":material/block:")
    elif kept["is_ok"].all():
        st.success(say("all_kept", n=len(kept)), icon=":material/check:")
    with st.expander(say("every_check")):
        table(kept, "checks")
    st.subheader(say("in_doubt"))
    doubted = ask("in_doubt")
    if doubted.is_empty():
        st.success(say("none_in_doubt"), icon=":material/check:")
    else:
        st.caption(say("in_doubt_help"))
        table(doubted, "in_doubt")
    st.subheader(say("waits"))
    waits = ask("waits")
    if waits.is_empty():
        st.success(say("nothing_waits"), icon=":material/check:")
    else:
        st.caption(say("waits_help"))
        table(waits, "waits")
    st.subheader(say("statuses"))
    table(ask("statuses"), "statuses")
