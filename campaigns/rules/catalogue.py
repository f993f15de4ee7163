"""The catalogue of what rules may ask about: ``fields.toml``, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

_FILE = Path(__file__).with_name("fields.toml")


@dataclass(frozen=True)
class Field:
    """One field: its column, what may be asked of it, and how people call it.

    ``values``: the words there are, ``"data"`` for those found in the mart, None for anything.
    """

    name: str
    column: str
    type: str
    label: str
    label_th: str
    operators: tuple[str, ...]
    values: tuple[str, ...] | Literal["data"] | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Collection:
    """One mart: a person's own row (``kind`` person) or rows that are counted and filtered (``kind`` rows)."""

    name: str
    table: str
    key: str
    kind: str
    label: str
    label_th: str
    fields: dict[str, Field]
    only: str | None = None
    time: str | None = None
    subject: str | None = None
    subject_type: str | None = None


@cache
def read_catalogue() -> dict[str, Collection]:
    """Return every collection by name."""
    content = tomllib.loads(_FILE.read_text())
    operators = {name: tuple(kind["operators"]) for name, kind in content["types"].items()}
    return {name: _collection(name, dict(entry), operators) for name, entry in content["collections"].items()}


def _collection(name: str, entry: dict[str, Any], operators: dict[str, tuple[str, ...]]) -> Collection:
    fields = {key: _field(key, dict(facts), operators) for key, facts in entry.pop("fields").items()}
    return Collection(name=name, fields=fields, **entry)


def _field(name: str, facts: dict[str, Any], operators: dict[str, tuple[str, ...]]) -> Field:
    values = facts.pop("values", None)
    return Field(
        name=name,
        column=facts.pop("column", name),
        operators=operators[facts["type"]],
        values=tuple(values) if isinstance(values, list) else values,
        **facts,
    )


def person_fields() -> dict[str, Field]:
    """Return the fields that a rule asks of the person directly, as ``collection.field``."""
    return {
        f"{collection.name}.{field.name}": field
        for collection in read_catalogue().values()
        if collection.kind == "person"
        for field in collection.fields.values()
    }


def rows_collections() -> dict[str, Collection]:
    """Return the collections whose rows are counted, summed and filtered."""
    return {name: each for name, each in read_catalogue().items() if each.kind == "rows"}
