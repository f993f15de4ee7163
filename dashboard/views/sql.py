"""SQL for analysts: read-only on the copy that their role may read, with an end in time and rows."""

import streamlit as st

from core.errors import PermanentError, TransientError
from core.settings import load_settings
from dashboard.data import copy_path
from dashboard.parts.audited import note_change
from dashboard.parts.show import table
from dashboard.parts.words import say
from dashboard.store import store
from warehouse.analyst import answer

_SECONDS, _ROWS = 20, 10_000
_FIRST = """select channel, metric_date, sent, delivered, opened_human
from marts.daily_channel_metrics
order by metric_date desc"""


@st.fragment
def sql_page() -> None:
    """Draw the page."""
    st.caption(say("sql_help", seconds=_SECONDS, rows=f"{_ROWS:,}"))
    with st.form("sql", border=False):
        sql = st.text_area(say("sql"), value=st.query_params.get("sql", _FIRST), height=200, key="sql_text")
        asked = st.form_submit_button(say("sql_run"), icon=":material/play_arrow:")
    if not asked:
        return
    with store().begin() as connection:
        note_change(connection, "sql", "marts", {"sql": sql[:4000]})
    try:
        found = answer(
            copy_path(), sql, seconds=_SECONDS, rows=_ROWS, key=load_settings().warehouse_key.get_secret_value()
        )
    except TransientError:
        st.warning(say("sql_slow", seconds=_SECONDS), icon=":material/timer_off:")
        return
    except PermanentError as error:
        st.error(say("sql_wrong", why=error), icon=":material/rule:")
        return
    if found.is_cut:
        st.info(say("sql_cut", rows=f"{_ROWS:,}"), icon=":material/content_cut:")
    table(found.frame, "answer")
