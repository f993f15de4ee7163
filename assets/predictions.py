"""Predictions: fitted where it is time and scored once a day; models and dashboards read what they write."""

from collections.abc import Iterator

import dagster as dg

from assets import scoring
from assets.resources import WRITES_WAREHOUSE, Installation
from predictions.tables import READS, TABLES


@dg.multi_asset(
    name="predict",
    specs=[
        dg.AssetSpec(
            ["raw", table],
            deps=[dg.AssetKey(mart.split(".")) for mart in sorted(READS)],
            group_name="predictions",
            kinds={"python", "duckdb"},
        )
        for table in TABLES
    ],
    pool=WRITES_WAREHOUSE,
)
def predict(installation: Installation) -> Iterator[dg.MaterializeResult]:
    """Foresee who may leave, what customers will buy and when people react; where there is too little, say so."""
    with installation.step("predict"):
        done = scoring.predict(installation.steps)
    told = {each.model.model_id: {"state": each.model.state, "scored": each.scored, "of": each.rows} for each in done}
    for table in TABLES:
        yield dg.MaterializeResult(asset_key=["raw", table], metadata={"models": dg.MetadataValue.json(told)})
