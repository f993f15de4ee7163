"""Administration: the kill switch, whom we do not write to, who may do what, and who did what."""

from typing import Any

import polars as pl
import sqlalchemy as sa
import streamlit as st

from core.clock import utc_now
from core.privacy import mask_text
from core.store import campaigns, people, suppressions
from core.store.engine import reading
from core.store.tables import audit, holds
from core.store.tables import suppressions as suppression_table
from core.vocabulary import Channel, Role
from dashboard.data import ask
from dashboard.parts.audited import note_change
from dashboard.parts.show import empty, tabbed, table
from dashboard.parts.words import keyed, say, words
from dashboard.store import store
from dashboard.viewer import actor, may

_LINES = 500
_OURS = "dashboard"


def show() -> None:
    """Draw the page."""
    st.title(say("admin"))
    parts = {"holds": _holds, "suppressions": _suppressions}
    if may(Role.ADMIN):
        parts |= {"users": _users, "audit": _audit}
    tabbed(parts, "admin")


def _rows(query: sa.Select) -> pl.DataFrame:
    with reading(store()) as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    return pl.DataFrame(found, infer_schema_length=None)


def _said() -> None:
    """Say once what the last button did."""
    if done := st.session_state.pop("done", None):
        st.success(done, icon=":material/check:")


def _holds() -> None:
    st.caption(say("holds_help"))
    _said()
    standing = _rows(sa.select(holds.c.scope, holds.c.reason, holds.c.set_by, holds.c.created_at))
    if standing.is_empty():
        st.success(say("no_hold"), icon=":material/check:")
    else:
        table(standing, "holds")
        scope = st.selectbox(say("hold_lift"), standing["scope"].to_list(), key="lift_scope")
        st.button(say("hold_lift"), on_click=_lift_hold, args=(scope,), icon=":material/play_arrow:")
    st.divider()
    options = {"all": say("scope_all")} | {
        f"channel:{key}": words("channel")[key] for key in ("email", "whatsapp", "line")
    }
    options |= {f"campaign:{key}": key for key in ask("campaigns")["campaign_id"]}
    left, right = st.columns(2)
    scope = left.selectbox(
        say("hold_scope"), list(options), format_func=lambda key: options[key], key=keyed("hold_scope")
    )
    reason = right.text_input(say("reason"), key="hold_reason")
    st.button(
        say("hold_set"),
        on_click=_set_hold,
        args=(scope, reason),
        disabled=not reason,
        icon=":material/pan_tool:",
    )


def _set_hold(scope: str, reason: str) -> None:
    with store().begin() as connection:
        campaigns.set_hold(connection, scope, reason, actor(), utc_now())
        note_change(connection, "hold", scope, {"reason": reason})
    st.session_state["done"] = say("hold_done", scope=scope)


def _lift_hold(scope: str) -> None:
    with store().begin() as connection:
        campaigns.lift_hold(connection, scope)
        note_change(connection, "lift", scope, {})
    st.session_state["done"] = say("lift_done", scope=scope)


def _suppressions() -> None:
    st.caption(say("suppressions_help"))
    _said()
    columns = suppression_table.c
    shown = [
        columns[name]
        for name in ("contact_id", "channel", "purpose", "reason", "source", "created_at", "ends_at", "suppression_id")
    ]
    standing = _rows(
        sa.select(*shown).where(columns.lifted_at.is_(None)).order_by(columns.created_at.desc()).limit(_LINES)
    )
    if standing.is_empty():
        empty("no_suppression")
    else:
        table(standing, "suppressions")
        ours = standing.filter(pl.col("source") == _OURS)["suppression_id"].to_list()
        if ours:
            chosen = st.selectbox(say("lift_suppression"), ours, key="lift_suppression")
            st.button(say("lift_suppression"), on_click=_lift_suppression, args=(chosen,))
    st.divider()
    text = st.text_input(say("search_person"), key="suppress_text", placeholder=say("search_hint"))
    people_found = ask("segment_contacts", text=text) if text else pl.DataFrame()
    if people_found.is_empty():
        return
    names = {row["contact_id"]: f"{row['contact']} · {row['company']}" for row in people_found.iter_rows(named=True)}
    left, middle, right = st.columns(3)
    who = left.selectbox(say("person"), list(names), format_func=lambda key: names[key], key=keyed("suppress_who"))
    channels = {"all": say("all")} | {str(key): words("channel").get(key, str(key)) for key in Channel}
    channel = middle.selectbox(
        say("channel"), list(channels), format_func=lambda key: channels[key], key=keyed("suppress_channel")
    )
    why = right.text_input(say("reason"), key="suppress_reason")
    st.button(say("suppress"), on_click=_suppress, args=(who, channel, why), disabled=not why)


def _suppress(contact_id: str, channel: str, reason: str) -> None:
    with store().begin() as connection:
        key = suppressions.add(
            connection, channel=channel, address=None, contact_id=contact_id, reason=reason, source=_OURS, now=utc_now()
        )
        note_change(connection, "suppress", key, {"contact_id": contact_id, "channel": channel, "reason": reason})
    st.session_state["done"] = say("suppressed_now")


def _lift_suppression(suppression_id: str) -> None:
    with store().begin() as connection:
        suppressions.lift_one(connection, suppression_id, source=_OURS, now=utc_now())
        note_change(connection, "lift_suppression", suppression_id, {})
    st.session_state["done"] = say("lifted_now")


def _users() -> None:
    st.caption(say("users_help"))
    _said()
    with reading(store()) as connection:
        known = people.given_roles(connection)
    if known:
        table(pl.DataFrame(known, infer_schema_length=None), "users")
        who = st.selectbox(say("take_role"), [each["user_id"] for each in known], key="take_role_of")
        st.button(say("take_role"), on_click=_take_role, args=(who,))
    else:
        empty("no_user")
    st.divider()
    left, right = st.columns(2)
    user_id = left.text_input(say("user"), key="role_user")
    role = right.selectbox(
        say("role"), [str(each) for each in Role], format_func=lambda key: say(f"role_{key}"), key=keyed("role_role")
    )
    st.button(say("give_role"), on_click=_give_role, args=(user_id, role), disabled=not user_id)


def _give_role(user_id: str, role: str) -> None:
    with store().begin() as connection:
        people.give_role(connection, user_id, Role(role), utc_now())
        note_change(connection, "give_role", user_id, {"role": role})
    st.session_state["done"] = say("role_given", name=user_id, role=say(f"role_{role}"))


def _take_role(user_id: str) -> None:
    with store().begin() as connection:
        people.take_role(connection, user_id)
        note_change(connection, "take_role", user_id, {})
    st.session_state["done"] = say("role_taken")


def _audit() -> None:
    st.caption(say("audit_help", n=_LINES))
    query = sa.select(audit.c.recorded_at, audit.c.actor, audit.c.action, audit.c.target, audit.c.detail)
    found = _rows(query.order_by(audit.c.audit_id.desc()).limit(_LINES))
    if found.is_empty():
        empty("no_audit")
        return
    table(found.with_columns(pl.Series("detail", [_detail(each) for each in found["detail"].to_list()])), "audit")


def _detail(detail: Any) -> str:
    return mask_text(", ".join(f"{key}: {value}" for key, value in (detail or {}).items() if value is not None))
