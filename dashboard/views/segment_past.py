"""What a segment would have held day by day, and what a campaign over it would have sent."""

from functools import partial

import polars as pl
import streamlit as st

from campaigns.backtest import Backtest, backtest
from campaigns.playbooks import read_playbook, read_playbooks
from campaigns.segments import open_library
from core.clock import utc_now
from core.errors import TransientError
from core.vocabulary import Role
from dashboard.looking import over_warehouse
from dashboard.parts import charts
from dashboard.parts.show import chart, empty, table
from dashboard.parts.words import keyed, language, say
from dashboard.store import store
from dashboard.viewer import may


@st.fragment
def past(names: dict[str, str]) -> None:
    """Draw the replay of the last days."""
    if not may(Role.ANALYST):
        empty("analysts_replay")
        return
    st.caption(say("backtest_help"))
    books = {"": say("no_campaign_too")}
    books |= {each.campaign_id: each.name_th if language() == "th" else each.name for each in read_playbooks()}
    left, middle, right = st.columns(3)
    segment_id = left.selectbox(
        say("segment"), list(names), format_func=lambda key: names[key], key=keyed("past_segment")
    )
    campaign_id = middle.selectbox(
        say("campaign"), list(books), format_func=lambda key: books[key], key=keyed("past_campaign")
    )
    days = right.select_slider(say("days_back"), [7, 14, 28, 60], value=14, key="past_days")
    if not st.button(say("replay"), icon=":material/history:"):
        return
    library = open_library(store())
    playbook = read_playbook(campaign_id) if campaign_id else None
    try:
        with st.spinner(say("replaying")), over_warehouse() as connection:
            found = backtest(
                connection, library.get(segment_id), library, now=utc_now(), days=int(days), playbook=playbook
            )
    except TransientError:
        st.warning(say("warehouse_busy"), icon=":material/hourglass:")
        return
    _draw(found)


def _draw(found: Backtest) -> None:
    if not found.days:
        empty("nobody_in")
        return
    rows = [
        {name: getattr(day, name) for name in ("day", "members", "entries", "exits", "is_complete")}
        for day in found.days
    ]
    days = pl.DataFrame(rows)
    chart(partial(charts.line, days, "day", "members", say("contacts")), days, "backtest")
    if found.outcomes:
        outcomes = pl.DataFrame({"outcome": list(found.outcomes), "contacts": list(found.outcomes.values())})
        st.subheader(say("would_have"))
        table(outcomes.sort("contacts", descending=True), "backtest_outcomes")
    for note in found.notes:
        st.caption(note)
