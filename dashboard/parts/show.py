"""How things are drawn everywhere: one colour a channel, a table with its export beside every chart."""

import io
from typing import Any

import altair as alt
import polars as pl
import streamlit as st

from core.settings import load_settings
from dashboard.parts.words import say, title, words

COLOURS = {"email": "#2563eb", "whatsapp": "#16a34a", "line": "#84cc16"}
_KIND = {"send": "#0f766e", "holdout": "#7c3aed"}
_OTHER = "#cbd5e1"
# Columns whose values are translated on screen, never in an export.
_WORDED = ("outcome", "channel", "status", "state", "reject_type", "severity", "kind")


def table(frame: pl.DataFrame, name: str) -> None:
    """Show a table with its export: times and words as the viewer reads them, the file as the warehouse has them."""
    titles = {name: _column(name, kind) for name, kind in frame.schema.items()}
    zone = load_settings().time_zone
    shown = frame.with_columns(
        pl.selectors.datetime(time_zone="*").dt.convert_time_zone(zone).dt.replace_time_zone(None),
        *(pl.col(name).replace(words(name)) for name in _WORDED if name in frame.columns),
    )
    st.dataframe(shown, width="stretch", hide_index=True, column_config=titles)
    left, right, _ = st.columns([1, 1, 5])
    flat = frame.select(pl.all().exclude(pl.List, pl.Struct))
    left.download_button(say("export_csv"), flat.write_csv(), f"{name}.csv", "text/csv", key=f"csv-{name}")
    book = io.BytesIO()
    flat.with_columns(pl.selectors.datetime(time_zone="*").dt.replace_time_zone(None)).write_excel(book)
    right.download_button(say("export_xlsx"), book.getvalue(), f"{name}.xlsx", key=f"xlsx-{name}")


def _column(name: str, kind: Any) -> Any:
    if isinstance(kind, pl.Datetime):
        return st.column_config.DatetimeColumn(title(name), format="YYYY-MM-DD HH:mm")
    if kind == pl.Date:
        return st.column_config.DateColumn(title(name), format="YYYY-MM-DD")
    return st.column_config.Column(title(name))


def channel_colour(field: str = "channel") -> Any:
    """Give every channel its one colour; the column holds the viewer's words for it."""
    names = [words("channel")[channel] for channel in COLOURS]
    return alt.Color(f"{field}:N", title=None, scale=alt.Scale(domain=names, range=list(COLOURS.values())))


def waterfall(outcomes: pl.DataFrame) -> Any:
    """Draw how the audience becomes the messages sent: each outcome takes its part, the rows sum to the audience."""
    steps, left = [], int(outcomes["contacts"].sum())
    steps.append({"outcome": say("audience"), "low": 0, "high": left, "colour": "#334155", "contacts": left})
    for row in outcomes.iter_rows(named=True):
        low = 0 if row["outcome"] == "send" else left - row["contacts"]
        steps.append(
            {
                "outcome": say(f"outcome_{row['outcome']}"),
                "low": low,
                "high": left,
                "colour": _KIND.get(row["outcome"], _OTHER),
                "contacts": row["contacts"],
            }
        )
        left = low
    frame = pl.DataFrame(steps)
    base = alt.Chart(frame).encode(
        x=alt.X("outcome:N", sort=None, title=None, axis=alt.Axis(labelAngle=-35, labelLimit=240))
    )
    bars = base.mark_bar(cornerRadius=3).encode(
        y=alt.Y("low:Q", title=say("contacts")),
        y2="high:Q",
        color=alt.Color("colour:N", scale=None),
        tooltip=["outcome", "contacts"],
    )
    labels = base.mark_text(dy=-8, fontSize=13).encode(y="high:Q", text="contacts:Q")
    return (bars + labels).properties(height=340)


def funnel(frame: pl.DataFrame) -> Any:
    """Draw the funnel by channel, raw and human side by side; columns: stage, channel, messages."""
    return (
        alt.Chart(frame.with_columns(pl.col("channel").replace(words("channel"))))
        .mark_bar(cornerRadius=3)
        .encode(
            x=alt.X("stage:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
            xOffset="channel:N",
            y=alt.Y("messages:Q", title=say("messages")),
            color=channel_colour(),
            tooltip=["stage", "channel", "messages"],
        )
        .properties(height=320)
    )


def empty(key: str) -> None:
    """Say what to do when there is nothing to show."""
    st.info(say(key), icon=":material/lightbulb:")
