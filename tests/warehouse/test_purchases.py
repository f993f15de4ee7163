"""What a company bought: paid invoices only, each currency for itself, by months that are counted even when empty."""

from datetime import UTC, date, datetime
from typing import Any

import duckdb

from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import with_upstream


def _sell(connection: duckdb.DuckDBPyConnection, company: str, day: date, **other: Any) -> None:
    invoice = {"id": f"{company} {day} {other}", "company": company, "status": "Paid", "issue_date": day}
    invoice |= {"currency": "THB", "tax_amount": 7, "total_amount": 107, "_is_deleted": False}
    add(connection, "crm__invoices", invoice | other)


def _built(connection: duckdb.DuckDBPyConnection, query: str, now: datetime) -> list[tuple[Any, ...]]:
    build(connection, now=now, select=with_upstream("marts.company_rfm", "marts.company_cohorts"))
    return connection.execute(query).fetchall()


def test_only_what_was_paid_is_a_purchase(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> None:
    _sell(warehouse, "a", date(2026, 1, 10))
    for number, status in enumerate(("Draft", "Sent", "Overdue", "Cancelled", "Refunded"), start=1):
        _sell(warehouse, "a", date(2026, 2, number), status=status)
    _sell(warehouse, "a", date(2026, 2, 10), _is_deleted=True)
    _sell(warehouse, "a", date(2026, 2, 11), tax_amount=0, total_amount=0)

    found = _built(warehouse, "select purchase_count, purchase_amount, days_since_purchase from marts.company_rfm", now)

    assert found == [(1, 100, 51)]


def test_a_company_that_pays_in_two_currencies_has_two_rows_and_nothing_is_added(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    _sell(warehouse, "a", date(2026, 1, 10))
    _sell(warehouse, "a", date(2026, 2, 10), currency="USD", total_amount=17)

    rfm = "select currency, purchase_amount from marts.company_rfm order by all"
    cohorts = "select currency, cohort_month, purchase_amount from marts.company_cohorts where months_since = 0"

    assert _built(warehouse, rfm, now) == [("THB", 100), ("USD", 10)]
    assert sorted(warehouse.execute(cohorts).fetchall()) == [
        ("THB", date(2026, 1, 1), 100),
        ("USD", date(2026, 2, 1), 10),
    ]


def test_a_month_in_which_a_cohort_did_not_buy_counts_with_nought(
    warehouse: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    _sell(warehouse, "a", date(2025, 12, 31))
    _sell(warehouse, "b", date(2025, 12, 1))
    _sell(warehouse, "b", date(2026, 2, 1))
    _sell(warehouse, "c", date(2026, 2, 28))

    query = "select months_since, purchasing_company_count, retention_rate from marts.company_cohorts"
    found = _built(warehouse, f"{query} where cohort_month = '2025-12-01' order by all", now)

    assert found == [(0, 2, 1.0), (1, 0, 0.0), (2, 1, 0.5)]


def test_today_is_the_day_in_bangkok(warehouse: duckdb.DuckDBPyConnection) -> None:
    _sell(warehouse, "a", date(2026, 3, 1))
    late = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)  # 2 March there

    assert _built(warehouse, "select days_since_purchase from marts.company_rfm", late) == [(1,)]


def test_who_bought_often_but_not_of_late_is_at_risk(warehouse: duckdb.DuckDBPyConnection, now: datetime) -> None:
    for number in range(10):  # c9 bought last, and once; c0 long ago, and often
        for again in range(10 - number):
            _sell(warehouse, f"c{number}", date(2025, 1 + number, 1 + again))

    found = dict(_built(warehouse, "select company_id, purchase_segment from marts.company_rfm", now))

    assert found["c0"] == "at_risk"
    assert found["c9"] == "new"
