"""What happens outside of a run and Dagster should know, at a hundredth of a run's cost: lineage stays true."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from assets.raw import CRM
from pipelines.crm import LoadReport


def telling(instance: dg.DagsterInstance) -> Callable[[LoadReport], None]:
    """Return what tells an instance of the raw tables a load wrote, and of the CRM: that asks for a refresh."""

    def tell(report: LoadReport) -> None:
        rows = {table: count for table, count in report.rows.items() if count}
        for table, count in rows.items():
            metadata: dict[str, Any] = {"rows": count, "mode": report.mode, "seconds": report.seconds}
            instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(["raw", table]), metadata=metadata))
        if rows:
            instance.report_runless_asset_event(dg.AssetMaterialization(CRM.key, metadata=rows))

    return tell
