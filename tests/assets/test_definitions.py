"""The asset graph: loads without a warning, names what it makes, and connects every model."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from assets.models import CHECKS
from campaigns.playbooks import read_playbooks
from warehouse.catalog import read_models

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def defs():
    from assets.definitions import defs

    return defs


def test_dagster_loads_it_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        script = "import warnings; warnings.simplefilter('default'); import assets.definitions"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = [line for line in done.stderr.splitlines() if f"{ROOT}/" in line and ".venv" not in line]

    assert ours == []
    assert "BetaWarning" not in done.stderr
    assert "PreviewWarning" not in done.stderr


def test_path_is_table_is_asset_key(defs):
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}

    assert {f"{model.address.layer}/{model.address.table}" for model in read_models()} <= keys
    assert {f"campaigns/{book.campaign_id}" for book in read_playbooks()} <= keys


def test_every_asset_has_a_group_and_words_for_a_stranger(defs):
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.group_name != "default", key
        assert node.description, key


def test_every_model_promise_is_an_asset_check(defs):
    checked = {key.asset_key.to_user_string() for key in defs.resolve_asset_graph().asset_check_keys}
    promised = {
        f"{model.address.layer}/{model.address.table}"
        for model in read_models()
        if (model.unique or model.not_null or model.accepted) and str(model.address) != CHECKS
    }

    assert promised <= checked


def test_every_campaign_runs_by_its_cron_in_its_time_zone(defs):
    schedules = {schedule.job_name: schedule for schedule in defs.schedules}
    for book in read_playbooks():
        schedule = schedules[f"{book.campaign_id}_campaign"]
        assert (schedule.cron_schedule, schedule.execution_timezone) == (book.cron, book.time_zone)


def test_what_people_made_is_decided_before_it_is_sent(defs):
    job = defs.resolve_job_def("due_campaigns")
    order = [node.name for node in job.nodes_in_topological_order]

    assert order.index("compute_segments") < order.index("campaigns__made_by_people") < order.index("senders__sends")


def test_every_morning_what_is_predicted_is_built_checked_and_published(defs):
    (schedule,) = (each for each in defs.schedules if each.job_name == "daily_predictions")
    order = [node.name for node in defs.resolve_job_def("daily_predictions").nodes_in_topological_order]
    steps = ("predict", "staging__predictions__churn_scores", "marts__churn_scores", "marts__checks", "serve__marts")
    places = [order.index(step) for step in steps]

    assert (schedule.cron_schedule, schedule.execution_timezone) == ("45 5 * * *", "Asia/Bangkok")
    assert places == sorted(places)
    assert not any(name.startswith("load_") for name in order)
