"""What stands beside every page and looks again by itself: how old the data are, and whether the gateway answers."""

import time
from dataclasses import dataclass

import httpx
import streamlit as st

from core.clock import utc_now
from core.settings import load_settings
from dashboard import data
from dashboard.parts.words import say
from warehouse.publish import Version

_SECONDS = 15
_OLD_MINUTES = 180  # the build is hourly: then it has failed to come three times
_PATIENCE = 2.0  # seconds


@dataclass
class _Gateway:
    """What the gateway last said to this process."""

    is_away: bool = False
    asked_at: float = float("-inf")


_GATEWAY = _Gateway()


def standing(version: Version) -> None:
    """Draw it; to be called within the sidebar."""
    _look(version, time.monotonic())


@st.fragment(run_every=_SECONDS)
def _look(shown: Version, drawn: float) -> None:
    newest = data.newest(load_settings().serve_dir) or shown
    minutes = data.age_minutes(newest, utc_now())
    if newest != shown and data.age_minutes(shown, utc_now()) > _OLD_MINUTES:
        st.rerun()  # what is on the page was old and need not be any more
    st.caption(say("data_age", n=minutes))
    if minutes > _OLD_MINUTES:
        st.warning(say("data_old", n=minutes // 60), icon=":material/schedule:")
    if _is_away(may_ask=time.monotonic() - drawn > _SECONDS / 2):
        st.warning(say("gateway_away"), icon=":material/cloud_off:")


def _is_away(*, may_ask: bool) -> bool:
    """Say whether the gateway was away when last asked; a page that is being drawn does not wait for it."""
    address = load_settings().public_url
    if may_ask and time.monotonic() - _GATEWAY.asked_at > _SECONDS / 2 and not address.endswith(":0"):
        _GATEWAY.asked_at = time.monotonic()
        try:
            _GATEWAY.is_away = httpx.get(f"{address}/healthz", timeout=_PATIENCE).is_error
        except httpx.HTTPError:
            _GATEWAY.is_away = True
    return _GATEWAY.is_away
