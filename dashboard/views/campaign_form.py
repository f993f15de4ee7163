"""The form by which a marketer writes a campaign: whom, when, and the words in both languages; the rest is folded."""

from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from campaigns import states
from campaigns.segments import Segment, open_library
from core.clock import utc_now
from core.errors import PermanentError
from core.settings import load_settings
from core.vocabulary import Conversion, Purpose
from dashboard.parts.form import count_wrong, remember, wrong
from dashboard.parts.show import choose
from dashboard.parts.words import catalogue, keyed, language, say, words
from dashboard.store import store
from dashboard.viewer import actor
from dashboard.views.campaign_draft import KNOWN, VARIANTS, Filled, definition, problems
from dashboard.views.campaign_when import when

_FIRST = {
    "en": ("Music at {{ company_name }}", "Dear {{ contact_name }},\n\n"),
    "th": ("เพลงที่ {{ company_name }}", "เรียน คุณ{{ contact_name }}\n\n"),
}


@st.fragment
def draft_form() -> None:
    """Draw the form; what it makes is a draft, which is sent by nobody."""
    filled = _filled()
    if not st.button(say("save_draft"), icon=":material/save:", key="c_save"):
        return
    remember(found := problems(filled, utc_now()))
    if found:
        st.rerun(scope="fragment")
    try:
        version = states.create_draft(store(), definition(filled), by=actor(), now=utc_now())
    except PermanentError as error:
        st.error(str(error), icon=":material/rule:")
        return
    st.session_state["campaign_done"] = say("draft_saved", name=filled.campaign_id, version=version)
    choose("build", filled.campaign_id)
    st.rerun()


def _filled() -> Filled:
    if count := count_wrong():
        st.error(say("form_wrong", n=count), icon=":material/rule:")
    segments = {each.segment_id: each for each in open_library(store()).segments.values() if each.rules is not None}
    left, right = st.columns(2)
    name = left.text_input(say("name_en"), value="New campaign", key="c_name")
    wrong("name", left)
    name_th = right.text_input(say("name_th"), value="แคมเปญใหม่", key="c_name_th")
    wrong("name_th", right)
    segment_id = left.selectbox(
        say("segment"), list(segments), format_func=lambda key: _named(segments[key]), key=keyed("c_seg")
    )
    wrong("segment", left)
    purposes, channel_names = words("purpose"), words("channel")
    purpose = right.selectbox(
        say("purpose"),
        [str(each) for each in Purpose],
        index=2,
        format_func=lambda each: purposes[each],
        key=keyed("c_purpose"),
    )
    channels = left.pills(
        say("channels"),
        ["line", "whatsapp", "email"],
        selection_mode="multi",
        default=["line", "email"],
        format_func=lambda key: channel_names[key],
        key=keyed("c_channels"),
    )
    wrong("channels", left)
    successes = words("conversion")
    conversion = right.selectbox(
        say("success"),
        [str(each) for each in Conversion],
        index=list(Conversion).index(Conversion.REPLIED),
        format_func=lambda each: successes[each],
        key=keyed("c_conversion"),
    )
    zone = load_settings().time_zone
    timing = when(zone, utc_now().astimezone(ZoneInfo(zone)).date() + timedelta(days=1), time(10))
    more = _more()
    variants = VARIANTS[: more.pop("variants")]
    texts = {each: _variant(each, is_one_of_many=len(variants) > 1) for each in variants}
    st.caption(say("blanks_help", names=", ".join(f"{{{{ {each} }}}}" for each in KNOWN)))
    return Filled(
        name=name,
        name_th=name_th,
        segment=segments.get(segment_id or ""),
        purpose=purpose,
        channels=list(channels or []),
        conversion=str(conversion),
        words={each: text for each, (text, _) in texts.items()},
        shares={each: share for each, (_, share) in texts.items()},
        **timing,
        **more,
    )


def _more() -> dict[str, Any]:
    """Draw what most campaigns leave as it is."""
    with st.expander(say("form_more"), icon=":material/tune:"):
        left, right = st.columns(2)
        found = {
            "variants": left.number_input(say("form_variants"), 1, len(VARIANTS), 1, key="c_variants"),
            "holdout": right.slider(say("holdout_percent"), 0, 50, 10, key="c_holdout"),
            "fallback_hours": left.number_input(
                say("form_fallback_hours"), 0, 168, 0, help=say("form_fallback_help"), key="c_fallback"
            ),
            "most_in_seven_days": right.number_input(say("form_most"), 1, 14, 3, key="c_most"),
            "needs_active_contract": left.checkbox(say("form_contract"), key="c_contract"),
            "respects_crm_hold": right.checkbox(say("form_hold"), value=True, key="c_hold"),
            "at_best_hour": right.checkbox(say("form_best_hour"), help=say("form_best_hour_help"), key="c_best_hour"),
            "writes_to_everybody": left.checkbox(say("everybody"), help=say("everybody_help"), key="c_everybody"),
        }
        wrong("fallback", left)
    wrong("shares")
    return found


def _named(segment: Segment) -> str:
    return segment.name_th if language() == "th" else segment.name


def _variant(variant: str, *, is_one_of_many: bool) -> tuple[dict[str, Any], int]:
    """Draw the words of one variant, in both languages, and its share in percent."""
    if not is_one_of_many:
        return {each: _words(variant, each) for each in _FIRST}, 100
    with st.container(border=True):
        share = st.number_input(
            say("form_share", variant=variant.upper()),
            1,
            99,
            100 // max(2, int(st.session_state.get("c_variants", 2))),
            key=f"c_share_{variant}_{st.session_state.get('c_variants', 2)}",
        )
        return {each: _words(variant, each) for each in _FIRST}, int(share)


def _words(variant: str, key: str) -> dict[str, Any]:
    subject, text = _FIRST[key]
    place = f"{variant}_{key}"
    st.markdown(f"**{say(f'words_{key}')}**")
    found: dict[str, Any] = {"subject": st.text_input(say("subject"), value=subject, key=f"c_subject_{place}")}
    wrong(f"subject_{place}")
    found["text"] = st.text_area(say("text"), value=text, key=f"c_text_{place}")
    wrong(f"text_{place}")
    label = st.text_input(say("button_label"), value=catalogue(key)["button_default"], key=f"c_label_{place}")
    wrong(f"label_{place}")
    url = st.text_input(say("button_url"), value="https://www.bmasia.example/", key=f"c_url_{place}")
    wrong(f"url_{place}")
    return {**found, "button": {"label": label, "url": url}}
