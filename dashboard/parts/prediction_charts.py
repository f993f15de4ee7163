"""How predictions are drawn: a number never without its interval, what was foreseen beside what happened."""

from typing import Any

import altair as alt
import polars as pl

from dashboard.parts.charts import ACCENT, MAIN, QUIET
from dashboard.parts.words import say


def steps(frame: pl.DataFrame, x: str, value: str, heading: str) -> Any:
    """Draw how many fall into each step; column ``x`` holds the viewer's words, in order."""
    return (
        alt.Chart(frame)
        .mark_bar(color=MAIN, cornerRadius=3)
        .encode(
            x=alt.X(f"{x}:O", title=heading, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y(f"{value}:Q", title=say("companies"), axis=alt.Axis(tickMinStep=1)),
            tooltip=[alt.Tooltip(x, title=heading), alt.Tooltip(value, title=say("companies"))],
        )
        .properties(height=240)
    )


def intervals(frame: pl.DataFrame, names: tuple[str, str, str], heading: str, number: str) -> Any:
    """Draw one row a company: its value as a point, its interval as a line; ``number`` is how values are written."""
    value, low, high = names
    axis = alt.Axis(format=number, labelOverlap=True)
    base = alt.Chart(frame).encode(y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=220)))
    told = [alt.Tooltip("name", title=say("company"))]
    told += [
        alt.Tooltip(name, format=number, title=text)
        for name, text in zip(names, (heading, say("interval_low"), say("interval_high")), strict=True)
    ]
    rule = base.mark_rule(color=QUIET, strokeWidth=5, strokeCap="round").encode(
        x=alt.X(f"{low}:Q", title=heading, axis=axis), x2=f"{high}:Q", tooltip=told
    )
    point = base.mark_point(color=MAIN, filled=True, size=110, opacity=1).encode(x=f"{value}:Q", tooltip=told)
    return (rule + point).properties(height=30 * len(frame) + 60)


def foreseen(frame: pl.DataFrame) -> Any:
    """Draw, by group of similar scores, the share that left with its interval, and the share foreseen as a mark."""
    base = alt.Chart(frame).encode(
        x=alt.X("group:O", title=say("by_risk"), sort=None, axis=alt.Axis(labelAngle=0, labelLimit=160))
    )
    told = [
        alt.Tooltip("group", title=say("by_risk")),
        alt.Tooltip("companies", title=say("companies")),
        alt.Tooltip("predicted_rate", format=".1%", title=say("foreseen")),
        alt.Tooltip("left_rate", format=".1%", title=say("happened")),
    ]
    shares = alt.Y("left_rate:Q", title=say("share_left"), axis=alt.Axis(format="%"))
    bars = base.mark_bar(color=MAIN, cornerRadius=3, size=44).encode(y=shares, tooltip=told)
    spread = base.mark_rule(color=QUIET, strokeWidth=2).encode(y="left_rate_low:Q", y2="left_rate_high:Q")
    marks = base.mark_tick(color=ACCENT, thickness=4, size=64).encode(y="predicted_rate:Q", tooltip=told)
    return (bars + spread + marks).properties(height=280)
