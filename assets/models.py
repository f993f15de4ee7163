"""Models: one asset per SQL file, its promises as asset checks, then the copy that readers open."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.columns import model_columns
from assets.resources import WRITES_WAREHOUSE, Installation
from warehouse import build, checks
from warehouse.catalog import Model, read_models, with_upstream

CHECKS = "marts.checks"  # written by the check of all others, below
MODELS = tuple(model for model in read_models() if model.address.layer != "raw" and str(model.address) != CHECKS)


def key_of(address: Any) -> dg.AssetKey:
    """Path = table = asset key."""
    return dg.AssetKey([address.layer, address.table])


def model_asset(model: Model) -> dg.AssetsDefinition:
    """Make the asset of one SQL file; a broken promise is an error that stops what depends on it."""
    spec = dg.AssetCheckSpec(
        "promises",
        asset=key_of(model.address),
        blocking=True,
        description="Unique, not null, accepted values, relations and claims of the model's header.",
    )

    @dg.asset(
        key=key_of(model.address),
        deps=[key_of(address) for address in model.depends],
        description=model.description,
        group_name=model.address.layer,
        kinds={"sql", "duckdb"},
        check_specs=[spec],
        pool=WRITES_WAREHOUSE,
    )
    def build_model(installation: Installation) -> Iterator[Any]:
        steps = installation.steps
        with installation.step("build_model"), steps.warehouse() as connection:
            (run,) = build.build(connection, select={str(model.address)}, now=steps.clock())
            types = {name: kind for name, kind, *_ in connection.execute(f"describe {model.address}").fetchall()}
            # What it is compared with must be of this build too: relations to other tables are asked before publishing.
            found = checks.run_checks(connection, model, built=with_upstream(str(model.address)))
        broken = [result for result in found if not result.is_ok]
        stops = any(result.is_error for result in broken)
        if stops:
            steps.refuse([result for result in broken if result.is_error])
        yield dg.MaterializeResult(
            metadata={
                "rows": run.rows,
                "seconds": round(run.seconds, 3),
                "mode": str(run.mode),
                **model_columns(model, types),
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name="promises",
                    passed=not broken,
                    severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
                    metadata={
                        result.name: {"rows": result.broken_rows, "sample": list(result.sample), "query": result.sql}
                        for result in broken
                    },
                )
            ],
        )

    return build_model


MODEL_ASSETS = [model_asset(model) for model in MODELS]
_MARTS = [key_of(model.address) for model in MODELS if model.address.layer == "marts"]


@dg.asset(
    key=CHECKS.split("."),
    deps=_MARTS,
    group_name="marts",
    kinds={"sql", "duckdb"},
    pool=WRITES_WAREHOUSE,
)
def checked(installation: Installation) -> dg.MaterializeResult:
    """Ask every promise of every model at one moment, and keep the answers as a table."""
    results = installation.steps.check()
    return dg.MaterializeResult(
        metadata={"promises": len(results), "broken": sum(result.is_error for result in results)}
    )


@dg.asset(
    key=["serve", "marts"],
    deps=[*_MARTS, CHECKS.split(".")],
    group_name="serve",
    kinds={"duckdb"},
    pool=WRITES_WAREHOUSE,
)
def published_copy(installation: Installation) -> dg.MaterializeResult:
    """Give readers a new copy of ``marts``; whoever has the old one open keeps it."""
    version = installation.steps.publish()
    return dg.MaterializeResult(metadata={"version": version.name})
