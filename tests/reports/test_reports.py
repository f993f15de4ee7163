"""A report says what can be asked; its link opens it again; its files hold the right numbers and types."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from core.errors import PermanentError
from reports.definition import address_of, of_address, read_report
from reports.files import csv_bytes, parquet_bytes, xlsx_bytes
from reports.pdf import MOST_ROWS, Making, pdf_bytes
from reports.words import Words

NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
FRAME = pl.DataFrame(
    {
        "metric_date": [date(2026, 3, 1), date(2026, 3, 2)],
        "name": ["=1+1", "ร้านที่ดี"],
        "revenue": [Decimal("12345678.90"), None],
        "at": [NOW, None],
        "sent": [2**40, 1],
        "delivery_rate": [0.5, None],
        "parts": [["a"], []],
    },
    schema_overrides={"revenue": pl.Decimal(14, 2), "at": pl.Datetime("us", "UTC")},
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"metrics": []}, "metrics"),
        ({"metrics": ["opens"]}, "no metric is called opens"),
        ({"metrics": ["sent"], "by": ["country"]}, "not known by country"),
        ({"metrics": ["sent", "lift"]}, "nothing in common"),
        ({"metrics": ["revenue"]}, "do not add up over currency"),
        ({"metrics": ["lift"]}, "do not add up over campaign_id"),
        ({"metrics": ["sent"], "days": 7, "since": "2026-01-01"}, "either days or since"),
        ({"metrics": ["sent"], "schedule": {"cron": "* * * * *", "to": ["a@b.example"]}}, "more often than every hour"),
        ({"metrics": ["sent"], "schedule": {"cron": "monday", "to": ["a@b.example"]}}, "no cron expression"),
        ({"metrics": ["sent"], "schedule": {"cron": "0 8 * * 1", "to": ["a@b.c"], "time_zone": "X"}}, "no time zone"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_says_why(content: dict[str, Any], why: str) -> None:
    with pytest.raises(PermanentError, match=why):
        read_report(content)


@pytest.mark.parametrize(
    "content",
    [
        {"metrics": ["sent", "open_rate_human"], "by": ["metric_week", "channel"], "days": 28, "shape": "line"},
        {"metrics": ["revenue"], "only": {"currency": "THB", "campaign_id": "renewal"}, "since": "2026-01-05"},
        {"metrics": ["lift"], "by": ["campaign_id"], "shape": "table"},
    ],
)
def test_the_link_of_a_report_opens_the_very_report(content: dict[str, Any]) -> None:
    report = read_report(content)

    assert of_address(address_of(report)) == report


@pytest.mark.parametrize("broken", [{}, {"metric": "opens"}, {"metric": "sent", "days": "many"}])
def test_a_link_that_chooses_nothing_there_is_chooses_nothing(broken: dict[str, str]) -> None:
    assert of_address(broken) is None


def test_a_slot_is_one_of_its_time_zone() -> None:
    report = read_report({"metrics": ["sent"], "schedule": {"cron": "0 8 * * 1", "to": ["a@b.example"]}})
    assert report.schedule is not None

    assert report.schedule.slot_before(NOW) == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert report.schedule.slot_before(datetime(2026, 3, 2, 1, tzinfo=UTC)) == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert report.schedule.slot_after(NOW) == datetime(2026, 3, 9, 1, tzinfo=UTC)


def test_parquet_keeps_decimals_and_times_in_utc() -> None:
    read = pl.read_parquet(io.BytesIO(parquet_bytes(FRAME)))

    assert read.schema["revenue"] == pl.Decimal(14, 2) and read["revenue"][0] == Decimal("12345678.90")
    assert read.schema["at"] == pl.Datetime("us", "UTC") and read["at"][0] == NOW
    assert read.equals(FRAME.drop("parts"))


def test_a_workbook_holds_numbers_as_numbers_and_no_text_as_a_formula() -> None:
    heading, first, second = (
        CalamineWorkbook.from_filelike(io.BytesIO(xlsx_bytes(FRAME))).get_sheet_by_index(0).to_python()
    )

    assert heading == ["metric_date", "name", "revenue", "at (UTC)", "sent", "delivery_rate"]
    assert first == [date(2026, 3, 1), "=1+1", 12345678.90, NOW.replace(tzinfo=None), 2**40, 0.5]
    assert second[1:4] == ["ร้านที่ดี", "", ""]


def test_a_csv_says_which_time_it_means_and_that_it_is_utf_8() -> None:
    made = csv_bytes(FRAME)
    rows = list(csv.DictReader(io.StringIO(made.decode("utf-8-sig"))))

    assert made.startswith(b"\xef\xbb\xbf")
    assert (rows[0]["revenue"], rows[0]["sent"], rows[1]["name"]) == ("12345678.90", str(2**40), "ร้านที่ดี")
    assert datetime.fromisoformat(rows[0]["at"]) == NOW


@pytest.mark.parametrize("language", ["en", "th"])
def test_paper_carries_both_scripts_the_chart_and_where_its_rows_end(language: str) -> None:
    report = read_report({"name": "ยอดส่งที่ดี Best", "metrics": ["sent"], "by": ["channel"], "days": 7})
    frame = pl.DataFrame({"channel": ["email"] * (MOST_ROWS + 1), "sent": range(MOST_ROWS + 1)})
    making = Making(asked_at=NOW, published_at=NOW, zone="Asia/Bangkok")

    made = pdf_bytes(report, frame, Words(language), making)
    short = pdf_bytes(report, frame.clear(), Words(language), making)

    assert made.startswith(b"%PDF-") and made.count(b"/Subtype /Image") >= 1
    assert b"NotoSansThai" in made and b"Inter" in made and b"/ToUnicode" in made
    assert b"/Subtype /Image" not in short
