"""What Dagster shows of a table's columns: their types and meanings, and what each is made of."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from warehouse import lineage
from warehouse.catalog import Address, Model


def model_columns(model: Model, types: dict[str, str]) -> dict[str, Any]:
    """Return the metadata of a model that was just built: schema and lineage of its columns.

    It goes with the materialisation: reading the lineage of every model takes 2 s, too long for loading the graph.
    """
    unique = {column for columns in model.unique if "," not in columns for column in [columns]}
    columns = [
        dg.TableColumn(
            name,
            type=types[name],
            description=meaning,
            constraints=dg.TableColumnConstraints(nullable=name not in model.not_null, unique=name in unique),
        )
        for name, meaning in model.columns.items()
    ]
    made_of = {
        name: [
            dg.TableColumnDep(dg.AssetKey([*Address.parse(source.table)]), source.column)
            for source in sorted(sources)
            if source.table
        ]
        for name, sources in lineage.of_model(str(model.address)).items()
    }
    return {
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "dagster/column_lineage": dg.TableColumnLineage(made_of),
    }


def loaded_columns(table: str, columns: Iterable[str], source: dg.AssetKey) -> dict[str, Any]:
    """Return the lineage of a raw table, which has the names of its source; what a load adds begins with ``_``."""
    entity = table.partition("__")[2]
    made_of = {name: [dg.TableColumnDep(source, f"{entity}.{name}")] for name in columns if not name.startswith("_")}
    return {"dagster/column_lineage": dg.TableColumnLineage(made_of)}
