"""``streamlit run dashboard/app.py``: sign in when a password is set, choose a language, show a page."""

import hmac
from collections.abc import Callable

import streamlit as st

from core.clock import utc_now
from core.settings import Settings, load_settings
from dashboard import data
from dashboard.parts.words import LANGUAGES, say
from dashboard.views import campaigns, customer, health, overview, segments

PAGES: dict[str, tuple[Callable[[], None], str]] = {
    "overview": (overview.show, "monitoring"),
    "campaigns": (campaigns.show, "campaign"),
    "segments": (segments.show, "group"),
    "customer": (customer.show, "apartment"),
    "health": (health.show, "health_and_safety"),
}


def _choose_language() -> None:
    asked = st.query_params.get("lang", "en")
    st.session_state.setdefault("language", asked if asked in LANGUAGES else "en")
    st.sidebar.radio(
        "Language · ภาษา", list(LANGUAGES), format_func=lambda key: LANGUAGES[key], key="language", horizontal=True
    )
    st.query_params["lang"] = st.session_state["language"]


def _is_signed_in(settings: Settings) -> bool:
    password = settings.dashboard_password.get_secret_value()
    if not password or st.session_state.get("is_signed_in"):
        return True
    given = st.text_input(say("password"), type="password")
    if given and hmac.compare_digest(given.encode(), password.encode()):
        st.session_state["is_signed_in"] = True
        st.rerun()
    if given:
        st.error(say("wrong_password"))
    return False


def main() -> None:
    """Draw the application."""
    st.set_page_config("BMA Social", page_icon=":material/campaign:", layout="wide")
    settings = load_settings()
    _choose_language()
    if not _is_signed_in(settings):
        return
    version = data.newest(settings.serve_dir)
    if version is None:
        st.title("BMA Social")
        st.info(say("nothing_published"), icon=":material/lightbulb:")
        return
    st.session_state["version"] = version
    pages = [
        st.Page(show, title=say(key), url_path=key, icon=f":material/{icon}:", default=key == "overview")
        for key, (show, icon) in PAGES.items()
    ]
    page = st.navigation(pages)
    st.sidebar.caption(say("data_age", n=data.age_minutes(version, utc_now())))
    page.run()


main()
