"""How a report is drawn, on the page and in its file: days without a shift of zone, the viewer's words."""

import tempfile
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from reports.definition import Report
from reports.words import Words

FONTS = Path(__file__).parents[1] / "dashboard" / "static"
_WIDTH, _HEIGHT = 640, 300
_DAYS = alt.Axis(
    labelExpr="utcFormat(datum.value, '%d/%m')", labelOverlap=True, tickCount={"interval": "day", "step": 1}, grid=False
)


def day_axis(field: str, span: tuple[date, date] | None = None) -> Any:
    """Put days on the x axis, all of ``span`` if given: a day of Bangkok stays that day in every browser."""
    ends = [alt.DateTime(year=each.year, month=each.month, date=each.day, utc=True) for each in span or ()]
    return alt.X(f"{field}:T", title=None, scale=alt.Scale(type="utc", domain=ends or alt.Undefined), axis=_DAYS)


def can_be_drawn(frame: pl.DataFrame, report: Report) -> bool:
    """Say whether there is something to draw: a dimension, a shape, and one number at least."""
    return bool(report.by) and report.shape != "table" and any(frame[name].count() for name in report.metrics)


def report_chart(frame: pl.DataFrame, by: Sequence[str], metrics: Sequence[str], shape: str, words: Words) -> Any:
    """Draw metrics over the first of ``by``; the others tell the bars or lines apart."""
    first, *others = by
    worded = frame.with_columns(
        pl.col(each).replace(words.of_values(each)) for each in by if frame.schema[each] == pl.String
    )
    long = worded.with_columns(pl.col(name).cast(pl.Float64) for name in metrics).unpivot(
        list(metrics), index=list(by), variable_name="metric", value_name="metric_value"
    )
    named = pl.col("metric").replace({name: words.title(name) for name in metrics})
    series = pl.concat_str([named, *(pl.col(each).cast(pl.String).fill_null("–") for each in others)], separator=" · ")
    is_day = frame.schema[first] == pl.Date
    x = day_axis(first) if is_day else alt.X(f"{first}:N", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    base = alt.Chart(long.with_columns(named, series.alias("series")))
    width = max(2, min(12, 400 // max(1, frame[first].n_unique()))) if is_day else alt.Undefined
    drawn = base.mark_line(point=True) if shape == "line" else base.mark_bar(cornerRadius=2, opacity=0.8, size=width)
    offset = {} if shape == "line" or is_day else {"xOffset": "series:N"}
    return drawn.encode(
        x=x,
        y=alt.Y("metric_value:Q", title=None, stack=False if shape == "line" else None),
        color=alt.Color(
            "series:N", title=None, legend=alt.Legend(orient="top", columns=3), scale=alt.Scale(scheme="tableau10")
        ),
        tooltip=[*by, "metric", "metric_value"],
        **offset,
    ).properties(height=320)


def png(drawn: Any) -> bytes:
    """Return a chart as a picture for print, in our own fonts, made without a browser."""
    import vl_convert

    vl_convert.register_font_directory(_installed_fonts().name)
    sized = drawn.properties(width=_WIDTH, height=_HEIGHT).configure(font="Inter, Noto Sans Thai", background="white")
    made: bytes = vl_convert.vegalite_to_png(sized.to_json(), scale=2.0)
    return made


@cache
def _installed_fonts() -> Any:
    """Unpack the pages' fonts for who reads no WOFF2; they are gone when the process ends."""
    from fontTools.ttLib import TTFont

    folder = tempfile.TemporaryDirectory(prefix="bma-fonts-")
    for path in FONTS.glob("*-400-normal.woff2"):
        font = TTFont(path)
        font.flavor = None
        font.save(Path(folder.name) / f"{path.stem}.ttf")
    return folder
