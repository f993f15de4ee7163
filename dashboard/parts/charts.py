"""How numbers are drawn: one colour a channel on every page, days without a shift of zone, light and dark alike."""

from datetime import date
from typing import Any

import altair as alt
import polars as pl

from dashboard.parts.words import say, words
from reports.chart import day_axis

COLOURS = {"email": "#2563eb", "whatsapp": "#16a34a", "line": "#84cc16"}
MAIN, ACCENT, QUIET, GREY = "#0d9488", "#7c3aed", "#94a3b8", "#64748b"
_KIND = {"send": MAIN, "holdout": ACCENT}


def channel_colour(field: str = "channel") -> Any:
    """Give every channel its one colour; the column holds the viewer's words for it."""
    names = [words("channel")[channel] for channel in COLOURS]
    return alt.Color(
        f"{field}:N",
        title=None,
        scale=alt.Scale(domain=names, range=list(COLOURS.values())),
        legend=alt.Legend(orient="top"),
    )


def worded(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Put the viewer's words in the place of a column's values."""
    return frame.with_columns(pl.col(name).replace(words(name)) for name in columns)


def daily_bars(frame: pl.DataFrame, value: str, heading: str, span: tuple[date, date]) -> Any:
    """Draw days by channel, one bar a day; columns: metric_date, channel, ``value``."""
    return (
        alt.Chart(worded(frame, "channel"))
        .mark_bar(cornerRadius=2, size=14)
        .encode(
            x=day_axis("metric_date", span),
            y=alt.Y(f"{value}:Q", title=heading, axis=alt.Axis(tickMinStep=1)),
            color=channel_colour(),
            tooltip=[alt.Tooltip("utcyearmonthdate(metric_date):T", title=say("day")), "channel", value],
        )
        .properties(height=260)
    )


def waterfall(outcomes: pl.DataFrame) -> Any:
    """Draw how the audience becomes the messages sent: each outcome takes its part, the rows sum to the audience.

    A bar can be chosen: the parameter ``bar`` names its outcome.
    """
    total = left = int(outcomes["contacts"].sum())
    steps = [{"key": "", "outcome": say("audience"), "low": 0, "high": left, "colour": GREY, "contacts": left}]
    for row in outcomes.iter_rows(named=True):
        low = 0 if row["outcome"] == "send" else left - row["contacts"]
        steps.append(
            {
                "key": row["outcome"],
                "outcome": say(f"outcome_{row['outcome']}"),
                "low": low,
                "high": left,
                "colour": _KIND.get(row["outcome"], QUIET),
                "contacts": row["contacts"],
            }
        )
        left = low
    base = alt.Chart(pl.DataFrame(steps)).encode(
        y=alt.Y("outcome:N", sort=None, title=None, axis=alt.Axis(labelLimit=170))
    )
    bars = (
        base.mark_bar(cornerRadius=3, cursor="pointer")
        .encode(
            x=alt.X(
                "low:Q", title=say("contacts"), scale=alt.Scale(domain=[0, total * 1.12]), axis=alt.Axis(tickMinStep=1)
            ),
            x2="high:Q",
            color=alt.Color("colour:N", scale=None),
            tooltip=[alt.Tooltip("outcome", title=say("outcome")), alt.Tooltip("contacts", title=say("contacts"))],
        )
        .add_params(alt.selection_point("bar", fields=["key"]))
    )
    labels = base.mark_text(dx=6, align="left", fontSize=13, color=GREY).encode(x="high:Q", text="contacts:Q")
    return (bars + labels).properties(height=34 * len(steps) + 40)


def funnel(frame: pl.DataFrame) -> Any:
    """Draw the funnel by channel, raw and human side by side; columns: stage, channel, messages."""
    return (
        alt.Chart(worded(frame, "channel"))
        .mark_bar(cornerRadius=3)
        .encode(
            y=alt.Y("stage:N", sort=None, title=None, axis=alt.Axis(labelLimit=170)),
            yOffset="channel:N",
            x=alt.X("messages:Q", title=say("messages"), axis=alt.Axis(tickMinStep=1)),
            color=channel_colour(),
            tooltip=["stage", "channel", "messages"],
        )
        .properties(height=60 * frame["stage"].n_unique())
    )


def ranked(frame: pl.DataFrame, value: str, label: str, heading: str, *, sort: Any = "-x") -> Any:
    """Draw bars from the largest down, or as ``sort`` says."""
    return (
        alt.Chart(frame)
        .mark_bar(color=MAIN, cornerRadius=3)
        .encode(
            x=alt.X(f"{value}:Q", title=heading, axis=alt.Axis(tickMinStep=1)),
            y=alt.Y(f"{label}:N", sort=sort, title=None, axis=alt.Axis(labelLimit=240)),
            tooltip=[label, value],
        )
        .properties(height=34 * frame[label].n_unique() + 60)
    )


def line(frame: pl.DataFrame, day: str, value: str, title: str) -> Any:
    """Draw one number over days."""
    return (
        alt.Chart(frame)
        .mark_area(color=MAIN, opacity=0.25, line={"color": MAIN}, interpolate="step-after")
        .encode(
            x=day_axis(day),
            y=alt.Y(f"{value}:Q", title=title, axis=alt.Axis(tickMinStep=1)),
            tooltip=[alt.Tooltip(f"utcyearmonthdate({day}):T", title=say("day")), value],
        )
        .properties(height=220)
    )


def heat(
    frame: pl.DataFrame,
    x: str,
    y: str,
    value: str,
    *,
    x_values: list[str] | None = None,
    y_values: list[str] | None = None,
    numbers: bool = False,
) -> Any:
    """Draw a heat map of ``value``; columns ``x`` and ``y`` hold the viewer's words."""
    base = alt.Chart(frame).encode(
        x=alt.X(
            f"{x}:O",
            title=None,
            sort=None,
            scale=alt.Scale(domain=x_values) if x_values else alt.Undefined,
            axis=alt.Axis(labelAngle=0, labelOverlap=True, labelLimit=130),
        ),
        y=alt.Y(
            f"{y}:O",
            title=None,
            sort=None,
            scale=alt.Scale(domain=y_values) if y_values else alt.Undefined,
            axis=alt.Axis(labelLimit=130),
        ),
        tooltip=[x, y, value],
    )
    drawn = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(f"{value}:Q", title=None, scale=alt.Scale(scheme="teals"), legend=None)
    )
    if numbers:
        drawn += base.mark_text(fontSize=14, color="#111827").encode(text=f"{value}:Q")
    return drawn.properties(height=34 * len(y_values or frame[y].unique()) + 50)


def calendar(days: pl.DataFrame) -> Any:
    """Draw which campaign ran or is due on which day; columns: day, campaign, kind, considered, sent."""
    return (
        alt.Chart(days)
        .mark_circle(opacity=0.9)
        .encode(
            x=day_axis("day"),
            y=alt.Y("campaign:N", title=None, axis=alt.Axis(labelLimit=160, grid=True)),
            size=alt.Size("sent:Q", legend=None, scale=alt.Scale(range=[60, 500])),
            color=alt.Color(
                "kind:N",
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=[say("ran"), say("due")], range=[MAIN, QUIET]),
            ),
            tooltip=[
                alt.Tooltip("utcyearmonthdate(day):T", title=say("day")),
                "campaign",
                "kind",
                "considered",
                "sent",
            ],
        )
        .properties(height=60 + 44 * days["campaign"].n_unique())
    )


def compared(frame: pl.DataFrame) -> Any:
    """Draw campaigns side by side, stage by stage; columns: campaign, stage, messages (words in place)."""
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadius=3)
        .encode(
            y=alt.Y("stage:N", sort=None, title=None, axis=alt.Axis(labelLimit=170)),
            yOffset="campaign:N",
            x=alt.X("messages:Q", title=say("messages"), axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("campaign:N", title=None, legend=alt.Legend(orient="top"), scale=alt.Scale(scheme="dark2")),
            tooltip=["campaign", "stage", "messages"],
        )
        .properties(height=70 * frame["stage"].n_unique())
    )


def timeline(frame: pl.DataFrame) -> Any:
    """Draw what happened by day; columns: day, event_type (words in place), events."""
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadius=2, size=14)
        .encode(
            x=day_axis("day"),
            y=alt.Y("events:Q", title=say("events"), axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "event_type:N", title=None, legend=alt.Legend(orient="top"), scale=alt.Scale(scheme="tableau10")
            ),
            tooltip=[alt.Tooltip("utcyearmonthdate(day):T", title=say("day")), "event_type", "events"],
        )
        .properties(height=240)
    )


def movements(frame: pl.DataFrame) -> Any:
    """Draw who entered (up) and who left (down) by day; columns: day, movement (words in place), contacts, signed."""
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadius=2, size=12)
        .encode(
            x=day_axis("day"),
            y=alt.Y("signed:Q", title=say("contacts"), axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "movement:N",
                title=None,
                legend=alt.Legend(orient="top"),
                scale=alt.Scale(domain=[say("moved_in"), say("moved_out")], range=[MAIN, QUIET]),
            ),
            tooltip=[alt.Tooltip("utcyearmonthdate(day):T", title=say("day")), "movement", "contacts"],
        )
        .properties(height=220)
    )
