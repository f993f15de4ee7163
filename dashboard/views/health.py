"""Data health: how fresh sources are, which promises hold, what the CRM has wrong, what providers and doubts say."""

import json

import polars as pl
import streamlit as st

from core.settings import load_settings
from core.store import report_deliveries
from core.store.engine import reading
from dashboard.data import ask
from dashboard.parts.show import table
from dashboard.parts.words import say, when
from dashboard.store import store
from dashboard.views.report_kept import delivered
from warehouse.checks import CheckResult
from warehouse.publish import last_refusal

_COUNTED_DAYS = 14
_UNEXPLAINED = ("differs", "webhooks_missing")


def show() -> None:
    """Draw the page."""
    st.title(say("health"))
    version = st.session_state["version"]
    st.caption(say("published", at=when(version.published_at), name=version.name))
    st.subheader(say("freshness"))
    found = ask("freshness")
    if found["is_fresh"].all():
        st.success(say("all_fresh"), icon=":material/check:")
    is_late = pl.col("is_fresh").not_()
    for key, which in (("alarm_stale", pl.col("is_decided_on")), ("alarm_late", pl.col("is_decided_on").not_())):
        if count := found.filter(is_late & which).height:
            st.warning(say(key, n=count), icon=":material/schedule:")
    table(found, "freshness")
    st.subheader(say("checks"))
    kept = ask("checks")
    if refusal := last_refusal(load_settings().serve_dir):
        refused_at, broken = refusal
        st.error(say("refused", at=when(refused_at), n=len(broken)), icon=":material/block:")
        table(_rows(broken), "refused")
    elif kept["is_ok"].all():
        st.success(say("all_kept", n=len(kept)), icon=":material/check:")
    else:  # what stops a build is in the refusal: these are warnings
        st.warning(say("some_broken", n=int((~kept["is_ok"]).sum())), icon=":material/rule:")
    with st.expander(say("every_check")):
        table(kept, "checks")
    _drift()
    _rejects()
    _doubts()
    _reconciliation()
    st.subheader(say("waits"))
    waits = ask("waits")
    if waits.is_empty():
        st.success(say("nothing_waits"), icon=":material/check:")
    else:
        st.caption(say("waits_help"))
        table(waits, "waits")
    st.subheader(say("statuses"))
    table(ask("statuses"), "statuses")
    _reports()


def _rows(broken: list[CheckResult]) -> pl.DataFrame:
    """Show a refused build's broken promises as the table of all shows its own: the copy does not have them."""
    rows = [
        {
            "source_table": result.table,
            "check_name": result.name,
            "broken_rows": result.broken_rows,
            "sample": json.dumps(result.sample, ensure_ascii=False),
            "query": result.sql,
        }
        for result in broken
    ]
    return pl.DataFrame(rows)


def _drift() -> None:
    st.subheader(say("drift"))
    compared = ask("compared").row(0, named=True)["compared_at"]
    if compared is None:
        st.info(say("never_compared"), icon=":material/lightbulb:")
        return
    drifted = ask("drift")
    if drifted.is_empty():
        st.success(say("no_drift", at=when(compared)), icon=":material/check:")
        return
    if drifted["is_large"].any():
        st.error(
            say("alarm_drift", n=drifted.filter(pl.col("is_large"))["collection"].n_unique()),
            icon=":material/sync_problem:",
        )
    st.caption(say("drift_help", at=when(compared)))
    table(drifted, "drift")


def _rejects() -> None:
    st.subheader(say("rejects"))
    refused = ask("rejects")
    if refused.is_empty():
        st.success(say("nothing_rejected"), icon=":material/check:")
        return
    st.caption(say("rejects_help"))
    table(refused, "rejects")


def _doubts() -> None:
    st.subheader(say("in_doubt"))
    doubted = ask("in_doubt")
    if doubted.is_empty():
        st.success(say("none_in_doubt"), icon=":material/check:")
        return
    st.caption(say("in_doubt_help"))
    table(doubted, "in_doubt")
    st.markdown(say("in_doubt_what_to_do"))


def _reports() -> None:
    st.subheader(say("report_deliveries"))
    with reading(store()) as connection:
        unsent = report_deliveries.latest(connection, only=report_deliveries.UNSENT)
    if unsent:
        st.caption(say("report_deliveries_help"))
        delivered(unsent)
    else:
        st.success(say("report_deliveries_fine"), icon=":material/check:")


def _reconciliation() -> None:
    st.subheader(say("reconciliation"))
    counted = ask("reconciliation", days=_COUNTED_DAYS)
    if counted.is_empty():
        st.info(say("nothing_counted"), icon=":material/lightbulb:")
        return
    differing = int(counted["state"].is_in(_UNEXPLAINED).sum())
    if differing:
        st.warning(say("counts_differ", n=differing), icon=":material/balance:")
    else:
        st.success(say("counts_agree", n=_COUNTED_DAYS), icon=":material/check:")
    st.caption(say("reconciliation_help"))
    table(counted, "reconciliation")
