"""The same SQL gives the same numbers on a lake as in a DuckDB file."""

import os
import shutil

import pytest

from assets.steps import Steps
from core.errors import PermanentError
from core.settings import Settings
from tests.lake.conftest import COMPANIES, NOON
from tests.lake.same import differences
from warehouse.publish import newest, open_published

# Minutes on two cores: run them before a change to the lake.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif("LAKE_PROOFS" not in os.environ, reason="slow: LAKE_PROOFS=1 python3 run.py test tests/lake"),
]


def test_a_file_moves_into_the_lake_and_every_mart_is_the_same_there(lived: Settings, steps: Steps, tmp_path) -> None:
    file = tmp_path / "warehouse.duckdb"
    shutil.copy(lived.warehouse_path, file)
    in_file = Steps(lived.model_copy(update={"warehouse_url": f"duckdb:///{file}"}), clock=lambda: NOON)

    moved = steps.move_into_lake(file)
    steps.build()
    in_file.build()

    assert moved["journal__messages"] > 0 and moved["crm__companies"] == COMPANIES
    where = steps.settings.warehouse_path
    for layer in ("raw", "staging", "marts"):
        assert differences(where, str(file), layer) == {}
    with pytest.raises(PermanentError, match="has rows in raw"):
        steps.move_into_lake(file)

    version = steps.publish()
    in_file_version = in_file.publish()

    assert version.name == in_file_version.name
    follower = Steps(steps.settings.model_copy(update={"data_dir": tmp_path / "other"}), clock=lambda: NOON)
    followed = follower.follow()
    assert followed is not None and followed.name == version.name
    assert follower.follow() is None and newest(follower.settings.serve_dir) == followed
    unpublished = differences(where, str(in_file_version.path), "marts")
    assert differences(where, str(followed.path), "marts") == unpublished
    assert all(name.startswith("_") for name in unpublished)
    with open_published(followed.masked_path) as connection:
        shown = connection.execute("select distinct email from marts.contacts where email is not null").fetchall()
    assert shown == [("•••",)]


def test_loads_into_the_lake_bring_what_loads_into_a_file_bring(lived: Settings, steps: Steps, tmp_path) -> None:
    file = tmp_path / "warehouse.duckdb"
    in_file = Steps(
        lived.model_copy(update={"warehouse_url": f"duckdb:///{file}", "data_dir": tmp_path / "file"}),
        clock=lambda: NOON,
    )

    for each in (steps, in_file):
        each.sync_crm("full")
        each.sync_journal()
        assert each.sync_crm().rows["crm__companies"] == 0  # nothing is new: nothing is written again
        each.build()

    for layer in ("raw", "marts"):
        # A load is numbered by its time.
        assert differences(steps.settings.warehouse_path, str(file), layer, without=("_load_number",)) == {}
