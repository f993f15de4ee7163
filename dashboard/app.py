"""``streamlit run dashboard/app.py``: the doors around the screen. What is drawn stands in ``screen.py``."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from core import telemetry
from core.people import People
from core.settings import load_settings
from dashboard.doors import Guard, SignedInOnly
from dashboard.parts.trouble import draw
from dashboard.sessions import SESSIONS
from dashboard.sign_in import SignIn
from dashboard.store import store

_settings = load_settings()
telemetry.start("dashboard", _settings)
_guard = Guard(_settings, People(_settings.crm_url, store()), SESSIONS)
app = st.App(
    Path(__file__).with_name("screen.py"),
    routes=SignIn(_guard).routes(),
    middleware=[Middleware(SignedInOnly, guard=_guard)],
    on_script_error=draw,
)
