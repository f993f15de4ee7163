"""Reports: metrics by whatever they are known by, drawn, exported and sent on by their address; SQL for analysts."""

from datetime import date, timedelta
from functools import reduce

import polars as pl
import streamlit as st

from core.clock import utc_now
from core.vocabulary import Role
from dashboard.data import ask, measured
from dashboard.parts.charts import report_chart
from dashboard.parts.show import empty, table
from dashboard.parts.words import say, title, words
from dashboard.viewer import may
from dashboard.views.sql import sql_page
from warehouse.measure import Metric, read_metrics

_DAYS = 90
_SHAPES = ("bar", "line", "table")


def show() -> None:
    """Draw the page."""
    st.title(say("reports"))
    if not may(Role.ANALYST):
        _report()
        return
    made, free = st.tabs([say("build_report"), say("sql")])
    with made:
        _report()
    with free:
        sql_page()


def _report() -> None:
    st.caption(say("report_help"))
    metrics = read_metrics()
    chosen = _asked("metric", [*metrics], ["sent", "delivered"])
    names = st.pills(
        say("metric"), [*metrics], selection_mode="multi", default=chosen, format_func=title, key="report_metric"
    )
    if not names:
        empty("nothing_chosen")
        return
    grain = _grain([metrics[name] for name in names])
    if not grain:
        st.warning(say("report_mixed"), icon=":material/rule:")
        return
    fixed = any(_is_whole(metrics[name]) for name in names)
    default = list(grain) if fixed else _asked("by", list(grain), list(grain[:1]))
    by = st.pills(
        say("by"),
        grain,
        selection_mode="multi",
        default=default,
        format_func=title,
        disabled=fixed,
        key=f"report_by_{'-'.join(grain)}_{fixed}",
    )
    only, since = _filters(grain)
    shape = st.segmented_control(
        say("drawn_as"),
        _SHAPES,
        default=_asked("chart", list(_SHAPES), ["bar"])[0],
        format_func=lambda key: say(f"drawn_as_{key}"),
    )
    st.query_params.update({"metric": ",".join(names), "by": ",".join(by), "chart": shape or "table"})
    found = _measure(names, tuple(by), since, only)
    if found.is_empty():
        empty("report_empty")
        return
    if by and shape in ("bar", "line"):
        drawn = found.with_columns(pl.col(each).replace(words(each)) for each in by if each == "channel")
        st.altair_chart(report_chart(drawn, by, names, shape), width="stretch", key="chart-report")
    table(found, "report")


def _asked(parameter: str, options: list[str], default: list[str]) -> list[str]:
    """Return what the address asks for, as far as it exists."""
    return [each for each in st.query_params.get(parameter, "").split(",") if each in options] or default


def _is_whole(metric: Metric) -> bool:
    return metric.values == ("metric_value",)


def _grain(metrics: list[Metric]) -> tuple[str, ...]:
    """Return what all the metrics are known by; nothing when they cannot stand in one table."""
    if any(map(_is_whole, metrics)) and len({metric.grain for metric in metrics}) > 1:
        return ()
    return tuple(each for each in metrics[0].grain if all(each in metric.grain for metric in metrics))


def _filters(grain: tuple[str, ...]) -> tuple[dict[str, str], date | None]:
    only: dict[str, str] = {}
    since = None
    left, middle, right = st.columns(3)
    if "metric_date" in grain:
        asked = st.query_params.get("since", "")
        first = date.fromisoformat(asked) if _is_day(asked) else utc_now().date() - timedelta(days=_DAYS)
        since = left.date_input(say("since"), value=first, key="report_since")
        st.query_params["since"] = since.isoformat()
    if "channel" in grain:
        options = {"": say("all")} | {key: text for key, text in words("channel").items() if key != "none"}
        channel = middle.selectbox(
            say("channel"), list(options), format_func=lambda key: options[key], key="report_channel"
        )
        only |= {"channel": channel} if channel else {}
    if "campaign_id" in grain:
        campaigns = ["", *ask("campaigns")["campaign_id"]]
        campaign = right.selectbox(
            say("campaign"), campaigns, format_func=lambda key: key or say("all"), key="report_campaign"
        )
        only |= {"campaign_id": campaign} if campaign else {}
    return only, since


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _measure(names: list[str], by: tuple[str, ...], since: date | None, only: dict[str, str]) -> pl.DataFrame:
    """Ask each metric and put them side by side."""
    frames = [
        measured(name, by=by, since=since, only=only).select(*by, pl.col("metric_value").alias(name)) for name in names
    ]
    if not by:
        return pl.concat(frames, how="horizontal")
    return reduce(lambda one, other: one.join(other, on=list(by), how="full", coalesce=True), frames).sort(by)
