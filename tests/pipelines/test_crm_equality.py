"""The warehouse equals the CRM row for row, after edits, edits that move no time, and deletes."""

import duckdb

from bench.crm import prove, standing_crm
from bench.crm_equality import unequal_rows


def test_every_load_ends_equal_to_the_crm_and_one_wrong_value_would_be_seen(tmp_path):
    with standing_crm(40) as url:
        steps = prove(url, tmp_path, edits=10)
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
            warehouse.execute(
                "update raw.crm__quote_line_items set line_total = line_total + 0.01 "
                "where id = (select min(id) from raw.crm__quote_line_items where not _is_deleted)"
            )
        _, seen = unequal_rows(url, tmp_path / "warehouse.duckdb")

    assert {name: step.unequal for name, step in steps.items()} == {name: {} for name in steps}
    assert all(step.compared > 500 for step in steps.values())
    assert steps["full after bulk edits and deletes"].report.deleted >= 6
    assert seen == {"crm__quote_line_items": 1}
