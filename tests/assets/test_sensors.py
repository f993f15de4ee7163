"""News asks for a refresh once, wherever they come from: the store, or the CRM's follower outside of any run."""

import dagster as dg
import pytest

from assets.resources import Installation
from assets.runless import telling
from assets.sensors import store_news
from core.settings import load_settings
from pipelines.crm import LoadReport


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    """Evaluate the sensor on an empty store, with the cursor of the last time."""
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()
    cursor = None
    with dg.DagsterInstance.ephemeral() as instance:

        def call():
            nonlocal cursor
            context = dg.build_sensor_context(
                instance=instance, cursor=cursor, resources={"installation": Installation()}
            )
            answer = store_news(context)
            cursor = context.cursor
            return answer

        yield instance, call
    load_settings.cache_clear()


def loaded(**rows):
    return LoadReport(mode="news", rows=rows, rejects=0, deleted=0, seconds=0.4)


def test_rows_the_follower_loaded_ask_for_one_refresh_and_stand_in_the_lineage(evaluate):
    instance, call = evaluate
    assert isinstance(call(), dg.SkipReason)
    telling(instance)(loaded(crm__contacts=1, crm__history=2, crm__zones=0))

    assert isinstance(call(), dg.RunRequest)
    assert isinstance(call(), dg.SkipReason)
    assert instance.get_latest_materialization_event(dg.AssetKey(["raw", "crm__contacts"])) is not None
    assert instance.get_latest_materialization_event(dg.AssetKey(["raw", "crm__zones"])) is None


def test_a_look_that_found_nothing_asks_for_no_refresh(evaluate):
    instance, call = evaluate
    telling(instance)(loaded(crm__contacts=0))

    assert isinstance(call(), dg.SkipReason)
