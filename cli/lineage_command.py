"""``bma lineage``: where a number comes from, down to the field of the CRM or the column of the store."""

from pathlib import Path
from typing import Annotated, Any

import typer

import dashboard
from cli.output import Json, show
from core.errors import PermanentError

_QUESTIONS = Path(dashboard.__file__).parent / "queries"
_LOADED_FROM = {
    "crm": "the CRM's {table}, field {column}",
    "journal": "the store's {table}, column {column}",
    "providers": "a provider's own {table}, {column}",
    "campaigns": "decided by campaigns",
    "warehouse": "written by the checks",
}


def lineage(
    name: Annotated[
        str, typer.Argument(help="TABLE.COLUMN, metric:METRIC.COLUMN or dashboard:QUESTION.COLUMN; no COLUMN: all.")
    ],
    as_json: Json = False,
) -> None:
    """Print what a column is made of, down to its sources. Example: bma lineage dashboard:funnel.delivered."""
    found = _columns(name)
    if as_json:
        show({column: [_branch(source) for source in sorted(sources)] for column, sources in found.items()}, as_json)
        return
    from warehouse.lineage import tree

    for column, sources in found.items():
        print(column)
        for depth, source in tree(sources):
            print(f"{'  ' * depth}{source}{_where_from(source)}")


def _columns(name: str) -> dict[str, Any]:
    """Return what is asked for, by the name it is shown under, each with what it is made of."""
    from warehouse.catalog import read_models
    from warehouse.lineage import of_metric, of_model, of_query

    kind, _, rest = name.rpartition(":")
    layer = "staging" if rest.startswith("staging.") else "marts"
    thing, _, column = rest.removeprefix(f"{layer}.").partition(".")
    if kind == "dashboard":
        questions = {path.stem: path for path in sorted(_QUESTIONS.glob("*.sql"))}
        if thing not in questions:
            raise PermanentError(f"the dashboard has no question {thing}: there are {', '.join(questions)}")
        made = of_query(questions[thing].read_text())
    elif kind == "metric":
        made = dict(of_metric(thing))
    else:
        address = f"{layer}.{thing}"
        if address not in {str(model.address) for model in read_models()}:
            raise PermanentError(f"there is no table {address}: docs/data_dictionary.md lists them")
        made = dict(of_model(address))
    if column and column not in made:
        raise PermanentError(f"{thing} has no column {column}: there are {', '.join(made)}")
    return {f"{thing}.{each}": sources for each, sources in made.items() if column in {"", each}}


def _branch(source: Any) -> dict[str, Any]:
    from warehouse.lineage import upstream

    made_of = [_branch(each) for each in sorted(upstream(source))]
    return {"column": str(source), "from": _where_from(source).removeprefix(" = "), "made_of": made_of}


def _where_from(source: Any) -> str:
    """Say where the load of a raw column has it from; raw tables are named by source and its own name."""
    loaded, _, table = source.table.removeprefix("raw.").partition("__")
    if not source.table.startswith("raw.") or loaded not in _LOADED_FROM:
        return ""
    if source.column.startswith("_"):
        return " = set by the load"
    return " = " + _LOADED_FROM[loaded].format(table=table, column=source.column)
