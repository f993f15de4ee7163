"""Coming back by itself: what could not be shown is tried again after a few seconds, without a person's click."""

import time

import streamlit as st

_SECONDS = 5


def look_again() -> None:
    """Draw the whole page again in a few seconds, in this window only."""
    _look(time.monotonic())


@st.fragment(run_every=_SECONDS)
def _look(drawn: float) -> None:
    if time.monotonic() - drawn > _SECONDS / 2:  # by the timer, not as part of the page
        st.rerun()
