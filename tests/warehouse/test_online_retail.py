"""Published figures of real purchases (Online Retail, UCI): our models, unchanged, come to the same numbers."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.build import build
from warehouse.catalog import read_models, with_upstream
from warehouse.checks import run_checks
from warehouse.measure import measure

_DATA = Path(__file__).parents[3] / "shared" / "data"
_LINES = _DATA / "online_retail" / "online_retail.parquet"
_SNAPSHOT = datetime(2011, 12, 9, 20, 0, tzinfo=UTC)  # 10 December 2011 in Bangkok: the reference's day
_MODELS = with_upstream("marts.company_rfm", "marts.company_cohorts")
_CENT = 0.01
# A line counts when it has a quantity and a price; a number beginning with C takes an earlier sale back.
_INVOICES = """
    insert into raw.crm__invoices
        (id, invoice_number, company, status, issue_date, currency, amount, tax_amount, total_amount, _is_deleted)
    select
        InvoiceNo, InvoiceNo, CustomerID::bigint::varchar,
        case when starts_with(InvoiceNo, 'C') then 'Refunded' else 'Paid' end,
        min(InvoiceDate)::date, 'GBP', total, 0, total, false
    from (
        select
            *,
            coalesce(sum((Quantity * UnitPrice)::decimal(18, 4)) filter (Quantity > 0 and UnitPrice > 0)
                over (partition by InvoiceNo, CustomerID), 0)::decimal(14, 2) as total
        from read_parquet($lines)
    )
    group by InvoiceNo, CustomerID, total
"""

pytestmark = pytest.mark.skipif(
    not _LINES.exists(),
    reason=f"the data set Online Retail is not at {_LINES}: without it nothing published is compared",
)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """Return what was published, by its name."""
    reference = json.loads((_DATA / "reference.json").read_text())
    prefix = "online_retail_"
    return {name.removeprefix(prefix): each["expected"] for name, each in reference.items() if name.startswith(prefix)}


@pytest.fixture
def retail(warehouse: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A year of a shop: its invoices as the CRM would have them, and our models built from them."""
    warehouse.execute(_INVOICES, {"lines": str(_LINES)})
    build(warehouse, now=_SNAPSHOT, select=_MODELS)
    return warehouse


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return connection.execute(query).fetchone() or ()


def _by_month(connection: duckdb.DuckDBPyConnection, name: str) -> dict[str, Any]:
    query, bound = measure(name, by=["purchase_month", "currency"])
    return {f"{row[0]:%Y-%m}": row[2] for row in connection.execute(query, bound or None).fetchall()}


def test_invoices_customers_and_cancellations_are_as_many_as_published(
    retail: duckdb.DuckDBPyConnection, published: dict[str, Any]
) -> None:
    everything = "select count(distinct invoice_id), count(distinct company_id) from marts.invoices"
    refunded = "select count(distinct invoice_id) from marts.invoices where status = 'Refunded'"
    purchases = "select count(*), count(distinct company_id) from marts._purchases"

    assert _one(retail, everything) == (published["raw"]["invoices"], published["raw"]["customers"])
    assert _one(retail, refunded) == (published["cancel_rows"][1],)
    assert _one(retail, purchases) == (published["clean"]["invoices"], published["clean"]["customers"])


def test_cohorts_are_as_published(retail: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    query = """
        select cohort_month, list(purchasing_company_count order by months_since), any_value(cohort_size)
        from marts.company_cohorts group by all order by all
    """
    found = {f"{month:%Y-%m}": (active, size) for month, active, size in retail.execute(query).fetchall()}

    assert {month: active for month, (active, _) in found.items()} == published["cohort_clean"]
    assert all(active[0] == size for active, size in found.values())


def test_rfm_is_as_published(retail: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    summary = """
        select
            count(*) as n, avg(days_since_purchase) as rec_mean, median(days_since_purchase) as rec_median,
            avg(purchase_count) as fr_mean, median(purchase_count) as fr_median, max(purchase_count) as fr_max,
            avg(purchase_amount) as mo_mean, median(purchase_amount::double) as mo_median,
            max(purchase_amount)::double as mo_max
        from marts.company_rfm
    """
    four = """
        select company_id::double, days_since_purchase, purchase_count, purchase_amount::double
        from marts.company_rfm where company_id in (select unnest($ids)) order by all
    """
    expected = published["rfm_12347_12346"]
    customers = retail.execute(four, {"ids": [f"{row[0]:.0f}" for row in expected]}).fetchall()

    found = dict(zip(published["rfm_summary"], _one(retail, summary), strict=True))
    assert found == pytest.approx(published["rfm_summary"], abs=_CENT)
    assert [found["n"], found["fr_max"]] == [published["rfm_summary"]["n"], published["rfm_summary"]["fr_max"]]
    assert [list(row) for row in customers] == [pytest.approx(row, abs=_CENT) for row in expected]
    assert [row[:3] for row in customers] == [tuple(row[:3]) for row in expected]


def test_metrics_of_purchases_are_as_published(retail: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    revenue = {month: float(amount) for month, amount in _by_month(retail, "monthly_revenue").items()}

    assert revenue == pytest.approx(published["monthly_revenue_clean"], abs=_CENT)
    assert sum(revenue.values()) == pytest.approx(published["clean"]["revenue"], abs=_CENT)
    assert _by_month(retail, "purchasing_companies") == published["monthly_active_clean"]
    assert _one(retail, measure("repeat_purchase_rate")[0])[0] == pytest.approx(published["repeat_rate_clean"])
    share = _one(retail, measure("top_fifth_revenue_share", by=["currency"])[0])[1]
    assert float(share) == pytest.approx(published["top20pct_share"], abs=1e-6)


def test_the_scores_part_companies_into_fifths(retail: duckdb.DuckDBPyConnection) -> None:
    for score, best in (
        ("recency", "days_since_purchase"),
        ("frequency", "-purchase_count"),
        ("monetary", "-1 * purchase_amount"),
    ):
        fifths = f"""
            select {score}_score, count(*), min({best}), max({best}) from marts.company_rfm group by all order by 1 desc
        """
        rows = retail.execute(fifths).fetchall()

        assert [row[:2] for row in rows] == [(5, 868), (4, 868), (3, 868), (2, 867), (1, 867)]
        assert all(better[3] <= worse[2] for better, worse in pairwise(rows))


def test_the_models_keep_their_promises(retail: duckdb.DuckDBPyConnection) -> None:
    ours = [model for model in read_models() if model.address.table in {"_purchases", "company_rfm", "company_cohorts"}]
    built = {str(model.address) for model in ours}  # a shop's invoices; its companies are in no table
    results = [result for model in ours for result in run_checks(retail, model, built=built)]
    broken = [result.name for result in results if not result.is_ok]

    assert len(ours) == 3
    assert broken == []
