"""What is drawn inside the doors: the language, the pages that the viewer's role may see, the age of the data."""

from collections.abc import Callable

import streamlit as st

from core.settings import load_settings
from core.vocabulary import Role
from dashboard import data
from dashboard.parts.again import look_again
from dashboard.parts.standing import standing
from dashboard.parts.words import LANGUAGES, same_tab, say
from dashboard.viewer import arrive, may, viewer
from dashboard.views import (
    admin,
    campaigns,
    channels,
    conversations,
    customer,
    health,
    overview,
    predictions,
    reports,
    segments,
)

PAGES: dict[str, tuple[Callable[[], None], str, Role]] = {
    "overview": (overview.show, "today", Role.VIEWER),
    "campaigns": (campaigns.show, "campaign", Role.VIEWER),
    "segments": (segments.show, "group", Role.VIEWER),
    "customer": (customer.show, "apartment", Role.VIEWER),
    "conversations": (conversations.show, "forum", Role.VIEWER),
    "channels": (channels.show, "cell_tower", Role.VIEWER),
    "predictions": (predictions.show, "online_prediction", Role.VIEWER),
    "reports": (reports.show, "bar_chart", Role.VIEWER),
    "health": (health.show, "health_and_safety", Role.VIEWER),
    "admin": (admin.show, "shield_person", Role.MARKETER),
}


def _choose_language() -> None:
    asked = st.query_params.get("lang", "en")
    st.session_state.setdefault("language", asked if asked in LANGUAGES else "en")
    st.sidebar.radio(
        "Language · ภาษา", list(LANGUAGES), format_func=lambda key: LANGUAGES[key], key="language", horizontal=True
    )
    st.query_params["lang"] = st.session_state["language"]


def _say_who() -> None:
    person = viewer()
    st.sidebar.caption(say("signed_in_as", name=person.name, role=say(f"role_{person.role}")))
    if person.user_id != "demo":
        st.sidebar.html(same_tab("/sign-out", say("sign_out")))


def main() -> None:
    """Draw the application. Raises SignedOutError when the session has ended."""
    st.set_page_config("BMA Social", page_icon=":material/campaign:", layout="wide")
    _choose_language()
    arrive()
    version = data.newest(load_settings().serve_dir)
    if version is None:
        st.title("BMA Social")
        st.info(say("nothing_published"), icon=":material/lightbulb:")
        look_again()
        return
    st.session_state["version"] = version
    pages = [
        st.Page(show, title=say(key), url_path=key, icon=f":material/{icon}:", default=key == "overview")
        for key, (show, icon, role) in PAGES.items()
        if may(role)
    ]
    page = st.navigation(pages)
    with st.sidebar:
        standing(version)
    _say_who()
    page.run()


main()
