"""A report on paper: what was asked, the chart, the table, in fonts that carry Thai; every text can be selected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout

from reports.chart import FONTS, can_be_drawn, png, report_chart
from reports.definition import Report
from reports.words import Words

MOST_ROWS = 400  # the workbook beside it has all of them
_WIDE = 6  # columns from which paper is turned
_TEAL, _GREY, _BAND = (13, 148, 136), (100, 116, 139), (241, 245, 249)


@dataclass(frozen=True, kw_only=True)
class Making:
    """When a report was asked, of which state of the data (UTC), and in which zone its times are told."""

    asked_at: datetime
    published_at: datetime
    zone: str


class _Paper(FPDF):
    """A4 with our fonts, and the page's number at its foot."""

    def __init__(self, words: Words, *, is_wide: bool) -> None:
        super().__init__(orientation="L" if is_wide else "P", format="A4")
        self._words = words
        for style, weight in (("", "400"), ("B", "600")):
            self.add_font("Inter", style, FONTS / f"inter-latin-{weight}-normal.woff2")
            self.add_font("Thai", style, FONTS / f"noto-sans-thai-thai-{weight}-normal.woff2")
        self.set_fallback_fonts(["Thai"], exact_match=False)
        self.set_text_shaping(use_shaping_engine=True)  # Thai stacks its vowels and tones
        self.set_lang(words.language)
        self.set_margin(15)
        self.set_auto_page_break(auto=True, margin=18)

    def footer(self) -> None:
        """Number the page."""
        self.set_y(-13)
        self.set_font("Inter", size=8)
        self.set_text_color(*_GREY)
        self.cell(0, 6, self._words.say("report_page", n=self.page_no()), align="R")

    def line_of(self, text: str, *, size: float, style: str = "", colour: Sequence[int] = (15, 23, 42)) -> None:
        """Write a paragraph."""
        self.set_font("Inter", style, size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.6, text, new_x="LMARGIN", new_y="NEXT", align="L")


def pdf_bytes(report: Report, frame: pl.DataFrame, words: Words, making: Making) -> bytes:
    """Return a report as PDF. Its table ends after ``MOST_ROWS`` rows and says so."""
    paper = _Paper(words, is_wide=len(frame.columns) >= _WIDE)
    paper.set_title(report.name or words.say("report_unnamed"))
    paper.set_creator("BMA Social")
    paper.add_page()
    paper.line_of(report.name or words.say("report_unnamed"), size=18, style="B", colour=_TEAL)
    for text in described(report, words, making):
        paper.line_of(text, size=9, colour=_GREY)
    paper.ln(4)
    if frame.is_empty():
        paper.line_of(words.say("report_empty"), size=11)
        return bytes(paper.output())
    if can_be_drawn(frame, report):
        drawn = report_chart(frame, report.by, report.metrics, report.shape, words)
        titles = ", ".join(words.title(each) for each in (*report.metrics, *report.by))
        paper.image(png(drawn), w=min(paper.epw, 180), alt_text=titles)
        paper.ln(4)
    _table(paper, frame, words, making.zone)
    if len(frame) > MOST_ROWS:
        paper.line_of(words.say("report_cut", n=MOST_ROWS, of=len(frame)), size=9, colour=_GREY)
    return bytes(paper.output())


def described(report: Report, words: Words, making: Making) -> list[str]:
    """Say in words which days and slices a report is of, and how new its numbers are."""
    lines = []
    since = report.first_day(making.asked_at.date())
    if report.days:
        lines.append(words.say("report_days", n=report.days, day=words.day(since)))
    elif since:
        lines.append(words.say("report_since", day=words.day(since)))
    lines += [f"{words.title(key)}: {words.value(key, value, making.zone)}" for key, value in report.only.items()]
    at = words.when(making.published_at, making.zone)
    return [*lines, words.say("report_as_of", at=at, zone=making.zone)]


def _table(paper: _Paper, frame: pl.DataFrame, words: Words, zone: str) -> None:
    paper.set_font("Inter", size=9)
    paper.set_text_color(15, 23, 42)
    sides = ["RIGHT" if kind.is_numeric() else "LEFT" for kind in frame.schema.values()]
    heading = FontFace(emphasis="BOLD", color=(255, 255, 255), fill_color=_TEAL)
    with paper.table(
        borders_layout=TableBordersLayout.NONE,
        headings_style=heading,
        cell_fill_color=_BAND,
        cell_fill_mode="EVEN_ROWS",
        text_align=sides,
        line_height=5.5,
        padding=1,
    ) as table:
        table.row([words.title(name) for name in frame.columns])
        for row in frame.head(MOST_ROWS).iter_rows():
            table.row([words.value(name, each, zone) for name, each in zip(frame.columns, row, strict=True)])
