"""Keeping a lake tidy by night; where the warehouse is a file there is nothing to do."""

import dagster as dg

from assets.resources import Installation


@dg.asset(key=["lake", "files"], group_name="lake", kinds={"ducklake"}, pool="lake")
def lake_files(installation: Installation) -> dg.MaterializeResult:
    """Merge small files, forget snapshots that no reader can still use, delete the files only these had."""
    tidied = installation.steps.tidy_lake()
    return dg.MaterializeResult(metadata=vars(tidied) if tidied else {"skipped": "the warehouse is a file"})


tidy = dg.define_asset_job(
    "tidy_lake",
    selection=dg.AssetSelection.assets(["lake", "files"]),
    description="Merge the lake's small files, forget old snapshots.",
)


@dg.schedule(
    job=tidy,
    cron_schedule="15 3 * * *",
    execution_timezone="Asia/Bangkok",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_tidy(installation: Installation) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run by night where the warehouse is a lake."""
    if installation.steps.lake_or_none:
        return dg.RunRequest()
    return dg.SkipReason("the warehouse is a file")
