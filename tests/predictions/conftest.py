"""Customers with a past: contracts of a year that are renewed or not, so many months long."""

import random
from datetime import date, timedelta

import duckdb
import pytest

from predictions.tables import MAKES, READS
from tests.campaigns.conftest import Town, town  # noqa: F401 -- a fixture
from tests.warehouse.conftest import warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.catalog import with_upstream


def live(town: Town, companies: int, *, renewing: float = 0.6, seed: int = 1) -> None:  # noqa: F811
    """Add companies whose contracts began in the last three years; each end renewed with that chance."""
    rng = random.Random(seed)
    for number in range(companies):
        key = town.row(
            "companies",
            name=f"Lotus {number}",
            country="Thailand",
            billing_entity="BMAsia (Thailand) Co., Ltd." if number % 2 else "BMAsia Limited",
        )
        start, previous = town.today - timedelta(days=rng.randrange(30, 1095)), None
        for _ in range(4):
            previous = _year(town, key, start, previous, number % 2 == 1, rng)
            start += timedelta(days=365)
            if start > town.today + timedelta(days=30) or rng.random() > renewing:
                break


def _year(town: Town, company: str, start: date, previous: str | None, is_thai: bool, rng: random.Random) -> str:  # noqa: F811
    made = town.now - timedelta(days=(town.today - start).days + rng.randrange(5, 40))
    value = rng.choice((13300, 26600, 39900)) if is_thai else rng.choice((380, 760))
    currency = "THB" if is_thai else "USD"
    end = start + timedelta(days=364)
    contract = town.row(
        "contracts",
        company=company,
        status="Active",
        contract_type="Annual",
        start_date=start,
        end_date=end,
        value=value,
        currency=currency,
        renewed_from=previous,
        created_at=made,
    )
    issued = min(start + timedelta(days=rng.randrange(0, 20)), town.today)
    town.row(
        "invoices",
        company=company,
        contract=contract,
        status="Paid",
        issue_date=issued,
        due_date=issued + timedelta(days=30),
        paid_date=issued,
        total_amount=value,
        tax_amount=0,
        amount=value,
        currency=currency,
        created_at=made,
    )
    return contract


def settle(connection: duckdb.DuckDBPyConnection, now: object) -> None:
    """Build what predictions read and make."""
    build(connection, now=now, select=with_upstream("marts.companies", *READS, *MAKES))  # type: ignore[arg-type]


@pytest.fixture
def lived(town: Town) -> Town:  # noqa: F811
    """120 companies with three years behind them, built."""
    live(town, 120)
    settle(town.connection, town.now)
    return town
