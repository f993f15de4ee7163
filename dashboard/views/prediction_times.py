"""Best times to send: how many people react best when, at their place, within the hours in which we may send."""

from functools import partial

import polars as pl
import streamlit as st

from dashboard.data import ask
from dashboard.parts.charts import heat
from dashboard.parts.show import chart, empty
from dashboard.parts.words import keyed, say

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
_HOURS = range(9, 17)


def send_times() -> None:
    """Draw the tab."""
    if ask("best_times", own_only=False).is_empty():
        empty("too_few_reactions")
        return
    st.caption(say("send_times_help"))
    own_only = st.toggle(say("own_reactions_only"), key=keyed("own_reactions_only"))
    found = ask("best_times", own_only=own_only)
    if found.is_empty():
        empty("no_reaction")
        return
    order = [say(each) for each in _WEEKDAYS]
    drawn = found.with_columns(
        pl.col("weekday").replace_strict(dict(enumerate(order, 1)), return_dtype=pl.String).alias(say("weekday")),
        pl.format("{}:00", pl.col("hour_of_day").cast(pl.String).str.zfill(2)).alias(say("hour_of_day")),
        pl.col("contacts").alias(say("contacts")),
    )
    hours = [f"{hour:02}:00" for hour in _HOURS]
    chart(
        partial(heat, drawn, say("hour_of_day"), say("weekday"), say("contacts"), x_values=hours, y_values=order),
        found,
        "best_times",
    )
