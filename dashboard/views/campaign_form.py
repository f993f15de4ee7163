"""The form by which a marketer writes a campaign: whom, when, and the words in both languages."""

import re
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from campaigns import states
from campaigns.segments import Segment, open_library
from core.clock import utc_now
from core.errors import PermanentError
from core.settings import load_settings
from core.vocabulary import Conversion, Purpose
from dashboard.parts.show import choose
from dashboard.parts.words import catalogue, keyed, language, say, words
from dashboard.store import store
from dashboard.viewer import actor

_ROLES = ["Primary", "Decision Maker", "Billing", "Technical", "Other"]
_KNOWN = ("contact_name", "company_name", "country", "city", "zone_count")
_FIRST = {
    "en": ("Music at {{ company_name }}", "Dear {{ contact_name }},\n\n"),
    "th": ("เพลงที่ {{ company_name }}", "เรียน คุณ{{ contact_name }}\n\n"),
}


def draft_form() -> None:
    """Draw the form; what it makes is a draft, which is sent by nobody."""
    with st.form("campaign", border=False):
        content = _asked()
        asked = st.form_submit_button(say("save_draft"), icon=":material/save:")
    if not asked:
        return
    try:
        version = states.create_draft(store(), content, by=actor(), now=utc_now())
    except PermanentError as error:
        st.error(str(error), icon=":material/rule:")
        return
    st.session_state["campaign_done"] = say("draft_saved", name=content["campaign_id"], version=version)
    choose("build", content["campaign_id"])
    st.rerun()


def _asked() -> dict[str, Any]:
    segments = {each.segment_id: each for each in open_library(store()).segments.values() if each.rules is not None}
    left, right = st.columns(2)
    name = left.text_input(say("name_en"), value="New campaign", key="c_name")
    name_th = right.text_input(say("name_th"), value="แคมเปญใหม่", key="c_name_th")
    segment_id = left.selectbox(
        say("segment"), list(segments), format_func=lambda key: _named(segments[key]), key=keyed("c_seg")
    )
    purposes = words("purpose")
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
        format_func=lambda key: words("channel")[key],
        key=keyed("c_channels"),
    )
    holdout = right.slider(say("holdout_percent"), 0, 50, 10, key="c_holdout")
    conversion = left.selectbox(
        say("success"),
        [str(each) for each in Conversion],
        index=list(Conversion).index(Conversion.REPLIED),
        format_func=lambda each: words("conversion")[each],
        key=keyed("c_conversion"),
    )
    everybody = right.checkbox(say("everybody"), help=say("everybody_help"), key="c_everybody")
    tomorrow = utc_now().astimezone(ZoneInfo(load_settings().time_zone)).date() + timedelta(days=1)
    day = left.date_input(say("day"), value=tomorrow, key="c_day")
    hour = right.time_input(say("time"), value=time(10), key="c_time")
    wording = {each: _words(each) for each in ("en", "th")}
    st.caption(say("blanks_help", names=", ".join(f"{{{{ {each} }}}}" for each in _KNOWN)))
    campaign_id = re.sub(r"[^a-z]+", "_", name.lower()).strip("_") or "campaign"
    at = datetime.combine(day, hour, ZoneInfo(load_settings().time_zone))
    template = f"{campaign_id}_message"
    used = sorted(
        set(re.findall(r"{{\s*(\w+)", " ".join(f"{each['subject']} {each['text']}" for each in wording.values())))
    )
    return {
        "campaign_id": campaign_id,
        "name": name,
        "name_th": name_th,
        "purpose": purpose,
        "segment": segment_id or "",
        "templates": {_step(segments.get(segment_id or "")): template},
        "messages": {template: {"required": used, "whatsapp": used, **wording}},
        "variables": "contact",
        "channels": list(channels),
        "roles": _ROLES,
        "recipients": "all" if everybody else "one",
        "conversion": conversion,
        "at": at.isoformat(),
        "priority": 5,
        "holdout_share": holdout / 100,
        "holdout_family": campaign_id,
        "most_in_seven_days": 3,
        "most_data_age_hours": 26,
        "respects_crm_hold": True,
        "needs_active_contract": False,
        "expires_after_hours": 24,
    }


def _named(segment: Segment) -> str:
    return segment.name_th if language() == "th" else segment.name


def _step(segment: Segment | None) -> str:
    """Name the step that members of a segment of rules have: its own word, else the segment's id."""
    if segment is None or segment.rules is None:
        return "message"
    return segment.rules.step


def _words(key: str) -> dict[str, Any]:
    subject, text = _FIRST[key]
    st.markdown(f"**{say(f'words_{key}')}**")
    return {
        "subject": st.text_input(say("subject"), value=subject, key=f"c_subject_{key}"),
        "text": st.text_area(say("text"), value=text, key=f"c_text_{key}"),
        "button": {
            "label": st.text_input(say("button_label"), value=catalogue(key)["button_default"], key=f"c_label_{key}"),
            "url": st.text_input(say("button_url"), value="https://www.bmasia.example/", key=f"c_url_{key}"),
        },
    }
