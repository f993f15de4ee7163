"""Campaigns: segments are computed, each campaign that is due decides, and the worker sends."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.resources import WRITES_WAREHOUSE, Installation
from campaigns import states
from campaigns.playbooks import Playbook, read_playbooks
from core.errors import PermanentError
from core.store import outbox

PLAYBOOKS = read_playbooks()
_DECIDING = (*(playbook.campaign_id for playbook in PLAYBOOKS), "made_by_people")
_ABOUT = ("contacts", "contracts", "invoices", "opportunities", "quotes", "tickets", "zones")
_DECIDES_ON = [["marts", table] for table in ("companies", *_ABOUT, "holidays", "freshness")]


@dg.multi_asset(
    name="compute_segments",
    specs=[
        dg.AssetSpec(
            ["raw", table],
            deps=[dg.AssetKey(key) for key in _DECIDES_ON],
            group_name="campaigns",
            kinds={"sql", "duckdb"},
        )
        for table in ("campaigns__segments", "campaigns__segment_memberships")
    ],
    pool=WRITES_WAREHOUSE,
)
def compute_segments(installation: Installation) -> Iterator[dg.MaterializeResult]:
    """Record who entered and left each segment, and why."""
    installation.steps.compute_segments()
    yield dg.MaterializeResult(asset_key=["raw", "campaigns__segments"])
    yield dg.MaterializeResult(asset_key=["raw", "campaigns__segment_memberships"])


def campaign_asset(playbook: Playbook) -> dg.AssetsDefinition:
    """Make the asset that decides one campaign: one row per considered contact, messages for those to be sent."""

    @dg.asset(
        key=["campaigns", playbook.campaign_id],
        deps=[["raw", "campaigns__segment_memberships"], *[dg.AssetKey(key) for key in _DECIDES_ON]],
        group_name="campaigns",
        description=f"Decide and plan: {playbook.name}.",
        kinds={"sql"},
        pool=WRITES_WAREHOUSE,
    )
    def decide(installation: Installation) -> dg.MaterializeResult:
        report = installation.steps.run_campaign(playbook.campaign_id)
        outcomes = {f"outcome_{outcome}": count for outcome, count in report.outcomes.items()}
        told: dict[str, Any] = {"audience": report.audience, "planned": report.planned, "not_decided": report.reason}
        return dg.MaterializeResult(metadata=told | outcomes)

    return decide


CAMPAIGN_ASSETS = [campaign_asset(playbook) for playbook in PLAYBOOKS]


@dg.asset(
    key=["campaigns", "made_by_people"],
    deps=[["raw", "campaigns__segment_memberships"], *[dg.AssetKey(key) for key in _DECIDES_ON]],
    group_name="campaigns",
    kinds={"sql"},
    pool=WRITES_WAREHOUSE,
)
def made_by_people(installation: Installation) -> dg.MaterializeResult:
    """Decide and plan the campaigns that people made and whose time has come."""
    steps, planned, failed = installation.steps, {}, []
    for campaign_id in states.due(steps.store, steps.clock()):
        try:
            planned[campaign_id] = steps.run_campaign(campaign_id).planned
        except PermanentError as error:  # one that fails does not stop the others
            failed.append(f"{campaign_id}: {error}")
    if failed:
        raise PermanentError("; ".join(failed))
    return dg.MaterializeResult(metadata={"planned": dg.MetadataValue.json(planned)})


@dg.asset(
    key=["campaigns", "withdrawals"],
    deps=[["marts", table] for table in _ABOUT],
    group_name="campaigns",
    kinds={"sql"},
    pool=WRITES_WAREHOUSE,
)
def withdrawals(installation: Installation) -> dg.MaterializeResult:
    """End planned messages about what is settled by now (paid, renewed, signed, online), or whose consent is gone."""
    return dg.MaterializeResult(metadata={"ended": installation.steps.cancel_ineligible()})


DECISIONS = dg.AssetSpec(
    ["raw", "campaigns__decisions"],
    deps=[dg.AssetKey(["campaigns", name]) for name in _DECIDING],
    group_name="campaigns",
    description="Every decision of every campaign: written by the campaigns above, read by the models below.",
)


@dg.asset(key=["senders", "sends"], deps=[dg.AssetKey(["campaigns", name]) for name in _DECIDING], group_name="senders")
def sends(installation: Installation) -> dg.MaterializeResult:
    """Send what is planned and due, unless a resident worker already does."""
    steps = installation.steps
    report = steps.send_due()
    with steps.store.connect() as connection:
        waiting = {
            f"waiting_{playbook.campaign_id}": dg.MetadataValue.json(
                json.loads(json.dumps(outbox.progress(connection, playbook.campaign_id, steps.clock()), default=str))
            )
            for playbook in PLAYBOOKS
        }
    recorded = {"recorded": report.recorded, "seconds": report.seconds}
    return dg.MaterializeResult(metadata={**report.counts, **recorded, **waiting})
