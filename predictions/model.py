"""What every model is kept by: a version made of its features, its code and what it was fitted on."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import polars as pl

_FOLDER = Path(__file__).parent
_FEATURES = _FOLDER / "features"
State = Literal["fitted", "not_enough_history"]


@dataclass(frozen=True)
class Model:
    """One fitted model, or the finding that there is too little to fit one.

    ``rows`` and ``events`` say what it was fitted on; ``figures`` how it did in a past window it had not seen.
    """

    model_id: str
    model_version: str
    state: State
    fitted_at: datetime
    fitted_until: datetime
    rows: int
    events: int
    parameters: dict[str, Any]
    figures: dict[str, Any]


@cache
def features(name: str) -> str:
    """Return the SQL of ``features/<name>.sql``."""
    return (_FEATURES / f"{name}.sql").read_text()


def ask(connection: Any, name: str, **parameters: Any) -> pl.DataFrame:
    """Run a features file; parameters are bound, never pasted."""
    found: pl.DataFrame = connection.execute(features(name), parameters).pl()
    return found


@cache
def code() -> str:
    """Return a hash of every line that makes a prediction: features and functions."""
    files = sorted([*_FOLDER.glob("*.py"), *_FEATURES.glob("*.sql")])
    return hashlib.sha256("\0".join(file.read_text() for file in files).encode()).hexdigest()


def version(model_id: str, snapshot: pl.DataFrame) -> str:
    """Return the version of a model fitted on ``snapshot``: the same code and the same rows have the same."""
    rows = hashlib.sha256(snapshot.write_csv().encode()).hexdigest()
    return f"{model_id}-{hashlib.sha256(f'{code()} {rows}'.encode()).hexdigest()[:12]}"


_INSERT = """
    insert into raw.predictions__models
    (model_id, model_version, code_version, state, fitted_at, fitted_until, row_count, event_count, parameters, figures)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_NEWEST = """
    select model_id, model_version, state, fitted_at, fitted_until, row_count, event_count, parameters, figures
    from raw.predictions__models
    where model_id = ? and code_version = ? and fitted_at <= ? order by fitted_at desc limit 1
"""


def keep(connection: Any, model: Model) -> None:
    """Write a model down; one of the same version takes the place of the earlier."""
    connection.execute("delete from raw.predictions__models where model_version = ?", [model.model_version])
    kept = [json.dumps(each, sort_keys=True) for each in (model.parameters, model.figures)]
    found = [model.state, model.fitted_at, model.fitted_until, model.rows, model.events]
    connection.execute(_INSERT, [model.model_id, model.model_version, code(), *found, *kept])


def newest(connection: Any, model_id: str, now: datetime) -> Model | None:
    """Return the last model that today's code fitted by ``now``; None when there is none."""
    row = connection.execute(_NEWEST, [model_id, code(), now]).fetchone()
    if row is None:
        return None
    return Model(*row[:-2], *map(json.loads, row[-2:]))


def write(connection: Any, table: str, scored_at: datetime, rows: pl.DataFrame) -> None:
    """Append scores to ``raw.<table>``; those of the same moment are replaced."""
    connection.execute(f"delete from raw.{table} where scored_at = ?", [scored_at])  # noqa: S608 -- a name of ours
    connection.register("scored_rows", rows.to_arrow())
    connection.execute(f"insert into raw.{table} by name from scored_rows")
    connection.unregister("scored_rows")
