"""Reports: metrics by whatever they are known by, drawn, exported, kept, sent; SQL for analysts."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from core.clock import utc_now
from core.errors import PermanentError
from core.settings import load_settings
from core.vocabulary import Role
from dashboard.data import ask, asked
from dashboard.parts.show import empty, tabbed, table
from dashboard.parts.words import keyed, say, title, viewers_words, words
from dashboard.viewer import may
from dashboard.views.report_kept import keeping, kept_reports, opened
from dashboard.views.sql import sql_page
from reports.answer import answer
from reports.chart import can_be_drawn, report_chart
from reports.definition import Report, address_of, filters_of, grain_of, needed_by, of_address, read_report
from reports.pdf import Making, pdf_bytes
from reports.words import is_share
from warehouse.measure import read_metrics

_SHAPES = ("bar", "line", "table")
_PERIODS = (7, 28, 90, 365, 0, -1)  # days; all of them; from a day on
_FIRST = Report(metrics=("sent", "delivered"), by=("metric_date",), days=90)
_CHOICE = ("metric", "by", "chart", "days", "since")


def show() -> None:
    """Draw the page."""
    st.title(say("reports"))
    if not may(Role.ANALYST):
        _report()
        return
    tabbed({"build_report": _report, "sql": sql_page}, "reports")


def _report() -> None:
    st.caption(say("report_help"))
    kept = kept_reports()
    report_id = opened(kept, _forget_choice)
    saved = kept[report_id][1] if report_id else None
    chosen = _choose(of_address(st.query_params) or saved or _FIRST, report_id)
    if chosen is None:
        return
    _remember(chosen, saved)
    today = utc_now().astimezone(ZoneInfo(load_settings().time_zone)).date()
    found = answer(chosen, asked, today)
    if found.is_empty():
        empty("report_empty")
    else:
        _draw(chosen, found, saved)
    keeping(chosen, report_id, kept)


def _draw(chosen: Report, found: pl.DataFrame, saved: Report | None) -> None:
    if can_be_drawn(found, chosen):
        drawn = report_chart(found, chosen.by, chosen.metrics, chosen.shape, viewers_words())
        st.altair_chart(drawn, width="stretch", key="chart-report")
    table(found, "report")
    named = chosen.model_copy(update={"name": saved.name if saved else ""})
    zone, said = load_settings().time_zone, viewers_words()
    published_at = st.session_state["version"].published_at
    making = Making(asked_at=utc_now().astimezone(ZoneInfo(zone)), published_at=published_at, zone=zone)
    st.download_button(
        say("export_pdf"),
        lambda: pdf_bytes(named, found, said, making),
        "report.pdf",
        key="pdf-report",
        icon=":material/picture_as_pdf:",
        on_click="ignore",
    )


def _choose(start: Report, report_id: str) -> Report | None:
    """Let the viewer choose, beginning with ``start``; None when nothing can be asked so."""
    metrics, place = read_metrics(), f"{report_id}-"
    names = st.pills(
        say("metric"),
        [*metrics],
        selection_mode="multi",
        default=start.metrics,
        format_func=lambda name: f"{title(name)} (%)" if is_share(name) else title(name),
        key=keyed(f"report_metric-{place}"),
    )
    if not names:
        empty("nothing_chosen")
        return None
    chosen = [metrics[name] for name in names]
    grain, needed = grain_of(chosen), needed_by(chosen)
    if not grain:
        st.warning(say("report_mixed"), icon=":material/rule:")
        return None
    fixed = set(needed) >= set(grain)
    by = st.pills(
        say("by"),
        grain,
        selection_mode="multi",
        default=[each for each in grain if each in {*start.by, *needed}] or list(grain[:1]),
        format_func=title,
        disabled=fixed,
        key=keyed(f"report_by_{'-'.join(grain)}_{'-'.join(needed)}{place}"),
    )
    period = _period(start, place) if "metric_date" in grain else {}
    only = _filters(start, grain, place)
    shape = st.segmented_control(
        say("drawn_as"),
        _SHAPES,
        default=start.shape,
        format_func=lambda key: say(f"drawn_as_{key}"),
        key=keyed(f"report_shape{place}"),
    )
    missing = [each for each in needed if each not in {*by, *only}]
    try:
        return read_report({"metrics": names, "by": [*by, *missing], "only": only, "shape": shape or "table", **period})
    except PermanentError as error:
        st.warning(str(error), icon=":material/rule:")
        return None


def _period(start: Report, place: str) -> dict[str, int | date]:
    left, right = st.columns(2)
    begins = start.days or (-1 if start.since else 0)
    options = sorted({*_PERIODS, begins}, key=lambda days: (days <= 0, days if days > 0 else -days))
    names = {0: say("report_all_days"), -1: say("since")}
    days = left.selectbox(
        say("period"),
        options,
        index=options.index(begins),
        format_func=lambda days: names.get(days) or say("days", n=days),
        key=keyed(f"report_days{place}"),
    )
    if days == -1:
        first = start.since or utc_now().date() - timedelta(days=90)
        return {"since": right.date_input(say("since"), value=first, key=f"report_since{place}")}
    return {"days": days} if days else {}


def _filters(start: Report, grain: tuple[str, ...], place: str) -> dict[str, str]:
    only: dict[str, str] = {}
    offered: dict[str, dict[str, str]] = {
        "channel": {key: text for key, text in words("channel").items() if key != "none"},
        "campaign_id": {each: each for each in ask("campaigns")["campaign_id"]} if "campaign_id" in grain else {},
        "outcome": words("outcome"),
    }
    columns = filters_of(grain)
    shown = [each for each in columns if offered.get(each) or each in start.only]
    for column, box in zip(shown, st.columns(max(1, len(shown))), strict=False):
        known = start.only.get(column, "")
        options = {"": say("all")} | ({known: known} if known else {}) | offered.get(column, {})
        value = box.selectbox(
            title(column),
            list(options),
            index=list(options).index(known),
            format_func=options.__getitem__,
            key=keyed(f"report_only_{column}{place}"),
        )
        only |= {column: value} if value else {}
    return only


def _remember(chosen: Report, saved: Report | None) -> None:
    """Keep the choice in the address; a kept report that nobody changed is named alone."""
    _forget_choice()
    if saved is None or chosen != _asked_alone(saved):
        st.query_params.update(address_of(chosen))


def _asked_alone(saved: Report) -> Report:
    return saved.model_copy(update={"name": "", "role": Role.VIEWER, "schedule": None})


def _forget_choice() -> None:
    for key in [key for key in st.query_params if key in _CHOICE or key.startswith("only_")]:
        del st.query_params[key]
