"""The life of campaigns: write one, see what it would do now, have it checked, approved by another, and scheduled."""

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from campaigns import check, definitions, looking, preview, states
from core.clock import utc_now
from core.errors import PermanentError
from core.settings import load_settings
from core.store.campaign_states import Standing
from core.vocabulary import CampaignStatus, Role
from dashboard.parts.show import empty, linked, table
from dashboard.parts.words import language, say, words
from dashboard.store import store
from dashboard.viewer import actor, may
from dashboard.views.campaign_form import draft_form
from dashboard.views.campaign_preview import show_preview

_NEXT: dict[str, tuple[str, ...]] = {
    CampaignStatus.DRAFT: ("check", "cancel"),
    CampaignStatus.CHECKED: ("approve", "cancel"),
    CampaignStatus.APPROVED: ("schedule", "cancel"),
    CampaignStatus.SCHEDULED: ("pause", "cancel"),
    CampaignStatus.SENDING: ("pause", "cancel"),
    CampaignStatus.PAUSED: ("resume", "cancel"),
}


def builder() -> None:
    """Draw the page."""
    if not may(Role.MARKETER):
        empty("marketers_build")
        return
    if done := st.session_state.pop("campaign_done", None):
        st.success(done, icon=":material/check:")
    if wrong := st.session_state.pop("campaign_wrong", None):
        st.error(wrong, icon=":material/rule:")
    standing = {each.campaign_id: each for each in states.list_states(store())}
    if standing:
        table(_listed(list(standing.values())), "campaign_states")
    # No expander: while one unfolds, what is pressed in it moves away from under the pointer, and the click is lost.
    if st.toggle(say("new_campaign"), value=not standing, key="new_campaign"):
        with st.container(border=True):
            draft_form()
    if not standing:
        return
    names = {key: _named(each) for key, each in standing.items()}
    campaign = standing[linked("build", list(standing), say("campaign"), names)]
    st.subheader(f"{_named(campaign)} · {words('status')[campaign.status]}")
    _buttons(campaign)
    _preview(campaign.campaign_id)


def waiting() -> None:
    """Say what waits for somebody's word before it is sent."""
    steps = (CampaignStatus.DRAFT, CampaignStatus.CHECKED, CampaignStatus.APPROVED)
    found = [each for each in states.list_states(store()) if each.status in steps]
    if not found:
        empty("nothing_to_approve")
        return
    table(_listed(found), "waiting_campaigns")


def _listed(found: list[Standing]) -> pl.DataFrame:
    shape: dict[str, Any] = {
        "campaign_id": pl.String,
        "campaign": pl.String,
        "status": pl.String,
        "definition_version": pl.Int64,
        "approved_by": pl.String,
        "reason": pl.String,
        "updated_at": pl.Datetime("us", "UTC"),
    }
    rows = [
        {
            "campaign_id": each.campaign_id,
            "campaign": _named(each),
            "status": str(each.status),
            "definition_version": each.definition_version,
            "approved_by": each.approved_by,
            "reason": each.held,
            "updated_at": each.updated_at,
        }
        for each in found
    ]
    return pl.DataFrame(rows, schema=shape).drop("campaign_id")


def _named(campaign: Standing) -> str:
    """Return a campaign's name in the viewer's language."""
    return (campaign.definition.get("name_th") if language() == "th" else None) or campaign.name


def _buttons(campaign: Standing) -> None:
    reason = ""
    if "pause" in _NEXT.get(campaign.status, ()):
        reason = st.text_input(say("reason"), key=f"why-{campaign.campaign_id}")
    with st.container(horizontal=True):
        for step in _NEXT.get(campaign.status, ()):
            st.button(
                say(f"step_{step}"),
                key=f"{step}-{campaign.campaign_id}",
                on_click=_take,
                args=(step, campaign.campaign_id, reason),
                disabled=step == "pause" and not reason,
            )


def _take(step: str, campaign_id: str, reason: str) -> None:
    """Take one step of a campaign's life; what forbids it is said in words."""
    now, by = utc_now(), actor()
    by_another = load_settings().approval_by_another
    steps: dict[str, Callable[[], object]] = {
        "check": lambda: _check(campaign_id),
        "approve": lambda: states.approve(store(), campaign_id, by=by, now=now, by_another=by_another),
        "schedule": lambda: states.schedule(store(), campaign_id, by=by, now=now),
        "pause": lambda: states.pause(store(), campaign_id, by=by, reason=reason, now=now),
        "resume": lambda: states.resume(store(), campaign_id, by=by, now=now),
        "cancel": lambda: states.cancel(store(), campaign_id, by=by, now=now),
    }
    try:
        steps[step]()
    except PermanentError as error:
        st.session_state["campaign_wrong"] = str(error)
        return
    st.session_state["campaign_done"] = say("step_done", step=say(f"step_{step}"), name=campaign_id)


def _check(campaign_id: str) -> None:
    with looking.over_copy(st.session_state["version"], _key(), store()) as connection:
        found = check.check(connection, store(), campaign_id, by=actor(), now=utc_now())
    if found.problems:
        raise PermanentError("; ".join(found.problems))


def _key() -> str:
    return load_settings().warehouse_key.get_secret_value()


@st.fragment
def _preview(campaign_id: str) -> None:
    st.subheader(say("preview"))
    st.caption(say("preview_help"))
    if not st.button(say("preview_now"), icon=":material/visibility:", key=f"preview-{campaign_id}"):
        return
    try:
        playbook = definitions.find(store(), campaign_id)
        with looking.over_copy(st.session_state["version"], _key(), store()) as connection:
            show_preview(preview.look(connection, store(), playbook, utc_now()))
    except PermanentError as error:
        st.error(str(error), icon=":material/rule:")
