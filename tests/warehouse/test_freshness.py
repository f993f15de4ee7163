"""Freshness: each source is measured by its own promise, written down in one place."""

from datetime import timedelta

import pytest

from pipelines.crm.tables import COLLECTIONS
from pipelines.journal.source import SOURCES
from pipelines.providers.tables import QUOTAS, TOTALS
from tests.warehouse.conftest import add
from warehouse.build import build


def fresh(warehouse, table):
    query = "select is_fresh, expected_within, loaded_at from marts.freshness where source_table = ?"
    return warehouse.execute(query, [table]).fetchone()


@pytest.mark.parametrize(
    ("table", "loads", "promised"),
    [
        ("crm__contacts", "crm__loads", timedelta(minutes=10)),
        ("crm__notes", "crm__loads", timedelta(minutes=65)),
        ("crm__drift", "crm__loads", timedelta(hours=26)),
        ("journal__messages", "journal__loads", timedelta(minutes=65)),
        ("journal__lanes", "journal__loads", timedelta(minutes=65)),
    ],
)
def test_a_source_is_fresh_for_as_long_as_it_promises(warehouse, now, table, loads, promised):
    add(warehouse, loads, {"table_name": table, "loaded_at": now - promised})

    build(warehouse, now=now)
    assert fresh(warehouse, table) == (True, promised, now - promised)
    build(warehouse, now=now + timedelta(seconds=1))
    assert fresh(warehouse, table)[0] is False


def test_a_provider_nobody_uses_is_not_missed_and_one_that_fell_silent_is(warehouse, now):
    build(warehouse, now=now)
    assert fresh(warehouse, QUOTAS) is None

    quota = {"channel": "line", "month": now.date(), "quota": 500, "used": 3, "_loaded_at": now - timedelta(hours=27)}
    add(warehouse, QUOTAS, quota)
    build(warehouse, now=now)
    assert fresh(warehouse, QUOTAS)[:2] == (False, timedelta(hours=26))


def test_a_source_campaigns_decide_on_is_missed_when_it_was_never_loaded(warehouse, now):
    build(warehouse, now=now)

    assert fresh(warehouse, "crm__contact_preferences") == (False, timedelta(minutes=10), None)


def test_every_table_a_pipeline_says_it_loaded_has_a_promise(warehouse, now):
    build(warehouse, now=now)
    tables = [collection.table for collection in COLLECTIONS] + [*SOURCES, TOTALS, QUOTAS]
    for table in tables:
        query = "select count(*) from marts._promised_ages where ? like source_pattern"
        assert warehouse.execute(query, [table]).fetchone() != (0,), table


def test_drift_is_large_beyond_twenty_rows_and_one_percent_of_the_collection(warehouse, now):
    def drifted(collection, count, compared):
        for number in range(count):
            row = {
                "compared_at": now,
                "collection": collection,
                "kind": "silent",
                "entity_id": f"{collection}-{number}",
            }
            add(warehouse, "crm__drift", {**row, "fields": '["status"]', "compared_rows": compared})

    drifted("contracts", 20, 100)
    drifted("invoices", 21, 100)
    drifted("contacts", 21, 5000)
    build(warehouse, now=now)

    query = "select collection from marts.crm_drift where is_large group by all"
    assert warehouse.execute(query).fetchall() == [("invoices",)]
    assert warehouse.execute("select distinct night from marts.crm_drift").fetchall() == [(now.date(),)]
