"""In Dagster a broken promise stops every model built from the broken one, names its rows, and leaves word of it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from assets.models import MODEL_ASSETS, MODELS, checked, key_of, published_copy
from assets.resources import Installation
from core.settings import load_settings
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.catalog import read_models, with_upstream
from warehouse.publish import last_refusal, newest

BROKEN = "staging.crm__zones"


@pytest.fixture
def run(
    warehouse: duckdb.DuckDBPyConnection,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Materialise models (all, or those named), checks and the published copy, on what the warehouse holds."""
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()

    def materialise(*names: str) -> dg.ExecuteInProcessResult:
        warehouse.close()
        keys = {key_of(model.address) for model in MODELS if not names or str(model.address) in names}
        wanted = [*(asset for asset in MODEL_ASSETS if asset.key in keys), checked, published_copy]
        return dg.materialize(wanted, resources={"installation": Installation()}, raise_on_error=False)

    yield materialise
    load_settings.cache_clear()


def test_what_depends_on_a_broken_model_is_not_built_and_readers_are_told_which_rows_are_why(
    run: Any,
    warehouse: duckdb.DuckDBPyConnection,  # noqa: F811
    tmp_path: Path,
    now: datetime,
) -> None:
    for _ in range(2):
        add(warehouse, "crm__zones", {"id": "z1", "company": "c1", "platform": "soundtrack", "status": "online"})
    depending = {str(model.address) for model in MODELS if BROKEN in with_upstream(str(model.address))} - {BROKEN}
    others = with_upstream("marts.contacts") - depending
    done = run(BROKEN, *depending, *others)

    built = {event.asset_key for event in done.get_asset_materialization_events()}
    assert depending
    assert others
    for model in MODELS:
        assert (key_of(model.address) in built) == (str(model.address) in {BROKEN, *others}), model.address
    assert newest(tmp_path / "serve") is None
    refusal = last_refusal(tmp_path / "serve")
    assert refusal is not None
    assert [(broken.name, broken.sample) for broken in refusal[1]] == [
        (f"{BROKEN}: zone_id is unique", ({"zone_id": "z1"},))
    ]
    failed = [check for check in done.get_asset_check_evaluations() if not check.passed]
    assert [check.asset_key for check in failed] == [dg.AssetKey(["staging", "crm__zones"])]
    (told,) = failed[0].metadata.values()
    assert told.value == {"rows": 1, "sample": [{"zone_id": "z1"}], "query": refusal[1][0].sql}


def test_every_model_shows_its_columns_and_what_they_are_made_of(run: Any, tmp_path: Path) -> None:
    done = run()
    shown = {event.asset_key: event.materialization.metadata for event in done.get_asset_materialization_events()}

    assert done.success
    for model in read_models():
        if str(model.address) != "marts.checks":
            metadata = shown[key_of(model.address)]
            schema: Any = metadata["dagster/column_schema"].value
            assert {column.name: column.description for column in schema.columns} == model.columns
    lineage: Any = shown[dg.AssetKey(["marts", "contacts"])]["dagster/column_lineage"].value
    assert dg.TableColumnDep(dg.AssetKey(["staging", "crm__contacts"]), "email") in lineage.deps_by_column["email"]
    assert newest(tmp_path / "serve") is not None
