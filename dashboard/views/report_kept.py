"""Reports that people keep: opened by a link, saved, sent now or by the clock, and what became of each email."""

from collections.abc import Callable, Mapping

import polars as pl
import streamlit as st

from core.clock import utc_now
from core.errors import HouseError
from core.settings import load_settings
from core.store import report_deliveries, reports
from core.store.engine import reading
from core.store.reports import Kept
from core.vocabulary import Role
from dashboard.parts.audited import note_change
from dashboard.parts.show import choose, linked, table
from dashboard.parts.words import keyed, say, when
from dashboard.store import store
from dashboard.viewer import actor, may, viewer
from reports import keeping as keep
from reports.definition import Report, read_report
from reports.recipients import Recipients
from reports.sending import Office

_MOST_SHOWN = 20
_CRON = "0 8 * * 1"
_Reports = Mapping[str, tuple[Kept, Report]]


def kept_reports() -> _Reports:
    """Return the kept reports that the viewer may see."""
    with reading(store()) as connection:
        return keep.visible(reports.list_all(connection), viewer().role)


def opened(kept: _Reports, forget_choice: Callable[[], None]) -> str:
    """Let the viewer open a kept report; returns its id, or nothing for a new one."""
    if (asked := st.query_params.get("report", "")) and asked not in kept:
        st.warning(say("report_gone"), icon=":material/link_off:")
        del st.query_params["report"]
    if not kept:
        return ""
    names = {"": say("report_new")} | {key: report.name for key, (_, report) in kept.items()}
    before = st.session_state.get("report_open")
    report_id = linked("report", list(names), say("report_kept"), names)
    if not report_id:
        st.query_params.pop("report", None)
    if before is not None and before != report_id:
        forget_choice()
    st.session_state["report_open"] = report_id
    return report_id


def keeping(chosen: Report, report_id: str, kept: _Reports) -> None:
    """Draw what may be done with the choice: keep it, send it, put it away."""
    if done := st.session_state.pop("report_done", None):
        (st.success if done[0] else st.error)(done[1], icon=":material/check:" if done[0] else ":material/error:")
    if report_id:
        st.caption(say("report_link"))
        st.code(f"{st.context.url.split('?')[0] if st.context.url else '/reports'}?report={report_id}", language=None)
    if may(keep.MAY_SAVE):
        with st.expander(say("report_keep"), icon=":material/save:", expanded=False):
            _form(chosen, report_id, kept)
    if report_id:
        _deliveries(report_id)


def _form(chosen: Report, report_id: str, kept: _Reports) -> None:
    saved = kept[report_id][1] if report_id else None
    is_ours = not report_id or keep.may_change(kept[report_id][0], actor(), viewer().role)
    place = report_id or "new"
    left, right = st.columns(2)
    name = left.text_input(
        say("report_name"), value=saved.name if saved else "", key=f"report_name-{place}", max_chars=120
    )
    roles = [str(each) for each in Role]
    role = right.selectbox(
        say("report_role"),
        roles,
        index=roles.index(str(saved.role)) if saved else 0,
        format_func=lambda key: say(f"role_{key}"),
        key=keyed(f"report_role-{place}"),
    )
    schedule = _schedule(saved, place) if may(keep.MAY_SCHEDULE) else _plain(saved)
    content = chosen.model_dump(mode="json", exclude_none=True) | {"name": name.strip(), "role": role}
    content |= {"schedule": schedule} if schedule else {}
    buttons = st.container(horizontal=True)
    if report_id and is_ours:
        buttons.button(
            say("report_save"), on_click=_save, args=(content, report_id), icon=":material/save:", disabled=not name
        )
    buttons.button(say("report_save_new"), on_click=_save, args=(content, ""), icon=":material/add:", disabled=not name)
    if report_id and may(keep.MAY_SCHEDULE) and saved and saved.schedule:
        buttons.button(say("report_send_now"), on_click=_send, args=(report_id,), icon=":material/send:")
    if report_id and is_ours:
        buttons.button(say("report_archive"), on_click=_archive, args=(report_id,), icon=":material/archive:")


def _plain(saved: Report | None) -> dict | None:
    return saved.schedule.model_dump(mode="json") if saved and saved.schedule else None


def _schedule(saved: Report | None, place: str) -> dict | None:
    before = saved.schedule if saved else None
    if not st.toggle(say("report_by_email"), value=before is not None, key=f"report_by_email-{place}"):
        return None
    st.caption(say("report_by_email_help"))
    first, second, third = st.columns(3)
    cron = first.text_input(
        say("report_cron"),
        value=before.cron if before else _CRON,
        key=f"report_cron-{place}",
        help=say("report_cron_help"),
    )
    zone = second.text_input(
        say("report_zone"), value=before.time_zone if before else load_settings().time_zone, key=f"report_zone-{place}"
    )
    languages = {"en": "English", "th": "ไทย"}
    language = third.selectbox(
        say("report_language"),
        list(languages),
        index=list(languages).index(before.language) if before else 0,
        format_func=lambda key: languages[key],
        key=keyed(f"report_language-{place}"),
    )
    to = st.text_input(say("report_to"), value=" ".join(before.to) if before else "", key=f"report_to-{place}")
    if before:
        st.caption(say("report_next", at=when(before.slot_after(utc_now()), load_settings().time_zone)))
    return {"cron": cron.strip(), "time_zone": zone.strip(), "to": to.replace(",", " ").split(), "language": language}


def _save(content: dict, report_id: str) -> None:
    try:
        report = read_report(content)
        if report.schedule:
            recipients = Recipients(load_settings(), store())
            for address in report.schedule.to:
                recipients.refuse(address, report.role)
        with store().begin() as connection:
            kept_id = keep.save(
                connection, report, report_id=report_id, actor=actor(), role=viewer().role, now=utc_now()
            )
    except HouseError as error:
        st.session_state["report_done"] = (False, str(error))
        return
    choose("report", kept_id)
    st.session_state["report_open"] = kept_id
    st.session_state["report_done"] = (True, say("report_saved", name=report.name))


def _send(report_id: str) -> None:
    with store().begin() as connection:
        kept = reports.find(connection, report_id)
        note_change(connection, "send_report", report_id, {"version": kept.version if kept else None})
    if kept is None:
        return
    states = Office(load_settings(), store()).send_now(kept).values()
    sent = sum(state == report_deliveries.SENT for state in states)
    st.session_state["report_done"] = (sent == len(states), say("report_sent", n=sent, of=len(states)))


def _archive(report_id: str) -> None:
    try:
        with store().begin() as connection:
            if kept := reports.find(connection, report_id):
                keep.archive(connection, kept, actor=actor(), role=viewer().role, now=utc_now())
    except HouseError as error:
        st.session_state["report_done"] = (False, str(error))
        return
    choose("report", "")
    st.session_state["report_done"] = (True, say("report_archived"))


def _deliveries(report_id: str) -> None:
    with reading(store()) as connection:
        found = report_deliveries.latest(connection, report_id=report_id, most=_MOST_SHOWN)
    if found:
        st.subheader(say("report_deliveries"))
        delivered(found)


def delivered(found: list[dict]) -> None:
    """Draw what became of emails; addresses are for who may see contact details."""
    frame = pl.DataFrame(found, infer_schema_length=None)
    shown = frame if may(Role.MARKETER) else frame.with_columns(pl.lit("•••").alias("address"))
    table(shown.rename({"state": "delivery_state"}), "deliveries")
