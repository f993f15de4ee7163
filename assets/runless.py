"""What happens outside of a run and Dagster should know, at a hundredth of a run's cost: lineage stays true."""

from functools import cache

import dagster as dg

from assets.raw import CRM
from pipelines.crm import LoadReport


@cache
def _instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.get()


def tell_dagster(report: LoadReport) -> None:
    """Report the raw tables a follower's load wrote, and the CRM itself: that is what asks for a refresh."""
    rows = {table: count for table, count in report.rows.items() if count}
    for table, count in rows.items():
        _instance().report_runless_asset_event(
            dg.AssetMaterialization(dg.AssetKey(["raw", table]), metadata={"rows": count, "seconds": report.seconds})
        )
    if rows:
        _instance().report_runless_asset_event(dg.AssetMaterialization(CRM.key, metadata=rows))
