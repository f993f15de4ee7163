"""The models as they lie in the folder: path = table = asset key, promises in the header."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from core.errors import PermanentError

MODELS = Path(__file__).parent / "models"
LAYERS = ("staging", "marts")
_FACT = re.compile(
    r"^--\s*(description|depends|column|unique|not_null|accepted|assert|partition|relation|unrelated|key|touched|fixed)\s*:\s*(.+)$"
)
_RELATION = re.compile(r"^(\w+) -> ((?:staging|marts)\.\w+)\.(\w+)(?: \| warning: (.+))?$")
# Columns that are never shown to who may not see contact details: not in the masked copy, not as the sample of a check.
CONTACT_DETAILS = frozenset(
    {
        "email",
        "mobile",
        "mobile_as_typed",
        "line_user_id",
        "address",
        "phone",
        "phone_as_typed",
        "text",
        "old_value",
        "new_value",
        "original_value",
        "note_text",
        "attributes",
        "to_email",
        "error_message",
        "comment",
        "consent_evidence",
    }
)


class Address(NamedTuple):
    """Schema and name of a table."""

    layer: str
    table: str

    def __str__(self) -> str:
        """Return ``layer.table``."""
        return f"{self.layer}.{self.table}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``layer.table``."""
        layer, _, table = text.strip().partition(".")
        return cls(layer, table)


class Relation(NamedTuple):
    """Values of a column that, where there is one, are values of another table's column."""

    column: str
    target: Address
    target_column: str
    # Why a value may honestly be missing there: then a broken relation is a warning and stops nothing.
    excuse: str | None


@dataclass(frozen=True)
class Model:
    """One SQL file: what it makes, what it needs, what it promises."""

    address: Address
    description: str
    columns: dict[str, str]
    depends: tuple[Address, ...]
    sql: str
    unique: tuple[str, ...] = ()
    not_null: tuple[str, ...] = ()
    accepted: tuple[tuple[str, tuple[str, ...]], ...] = ()
    asserts: tuple[str, ...] = field(default=())
    relations: tuple[Relation, ...] = ()
    # Columns that end in _id and name no row of a table of ours, with the reason.
    unrelated: tuple[tuple[str, str], ...] = ()
    # The time by whose day in UTC an export divides the table, of tables that only ever grow by what happens.
    partition: str | None = None
    # Of a table that is brought up to date by what changed (see incremental.py): the column whose touched values are
    # computed again, the query that names them as ``key`` (and, as ``since``, a time that no row read for them is
    # before), and columns whose value no row ever changes.
    key: str | None = None
    touched: str = ""
    fixed: tuple[str, ...] = ()

    @property
    def touched_sql(self) -> str:
        """The same query for the touched rows alone: its ``--+`` lines count."""
        return self.sql.replace("--+ ", "")

    @property
    def mirrors(self) -> tuple[Address, ...]:
        """The raw tables of which a followed table has every row once."""
        return tuple(each for each in self.depends if each.layer == "raw") if self.key else ()

    @property
    def is_private(self) -> bool:
        """Whether the table is a step for others and not published."""
        return self.address.table.startswith("_")


def read_model(path: Path) -> Model:
    """Read one file. Raises PermanentError when its header lacks a description or columns."""
    text = path.read_text()
    facts: dict[str, list[str]] = {}
    for line in text.splitlines():
        if found := _FACT.match(line):
            facts.setdefault(found[1], []).append(found[2].strip())
    for needed in ("description", "column"):
        if needed not in facts:
            raise PermanentError(f"{path.name}: its header has no `-- {needed}:` line")
    columns = {}
    for line in facts["column"]:
        name, _, meaning = line.partition("|")
        columns[name.strip()] = meaning.strip()
    return Model(
        address=Address(path.parent.name, path.stem),
        description=" ".join(facts["description"]),
        columns=columns,
        depends=tuple(Address.parse(each) for each in _words(facts.get("depends", ()))),
        sql=text,
        unique=tuple(facts.get("unique", ())),
        not_null=tuple(_words(facts.get("not_null", ()))),
        accepted=tuple(_accepted(line) for line in facts.get("accepted", ())),
        asserts=tuple(facts.get("assert", ())),
        relations=tuple(_relation(path, line) for line in facts.get("relation", ())),
        unrelated=tuple(_unrelated(line) for line in facts.get("unrelated", ())),
        partition=next(iter(facts.get("partition", ())), None),
        key=next(iter(facts.get("key", ())), None),
        touched="\n".join(facts.get("touched", ())),
        fixed=tuple(_words(facts.get("fixed", ()))),
    )


def _words(lines: Iterable[str]) -> list[str]:
    return [word.strip() for line in lines for word in line.split(",") if word.strip()]


def _relation(path: Path, line: str) -> Relation:
    found = _RELATION.match(line)
    if found is None:
        raise PermanentError(f"{path.name}: `{line}` is no relation: say `contact_id -> marts.contacts.contact_id`")
    return Relation(found[1], Address.parse(found[2]), found[3], found[4])


def _unrelated(line: str) -> tuple[str, str]:
    column, _, reason = line.partition("|")
    return column.strip(), reason.strip()


def _accepted(line: str) -> tuple[str, tuple[str, ...]]:
    column, _, values = line.partition("|")
    return column.strip(), tuple(_words([values]))


@cache
def read_models() -> tuple[Model, ...]:
    """Return every model, each after what it depends on. Raises PermanentError on an unknown dependency."""
    found = {model.address: model for layer in LAYERS for model in map(read_model, (MODELS / layer).glob("*.sql"))}
    for model in found.values():
        for needed in model.depends:
            if needed.layer != "raw" and needed not in found:
                raise PermanentError(f"{model.address} depends on {needed}, and there is no such model")
        for relation in model.relations:
            if relation.target not in found or relation.target_column not in found[relation.target].columns:
                raise PermanentError(f"{model.address}: {relation.target}.{relation.target_column} is not there")
    order = TopologicalSorter(
        {
            address: sorted(needed for needed in model.depends if needed.layer != "raw")
            for address, model in sorted(found.items())
        }
    )
    return tuple(found[address] for address in order.static_order())


def with_upstream(*names: str) -> set[str]:
    """Return ``layer.table`` of the named models and of every model they are built from."""
    by_name = {str(model.address): model for model in read_models()}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            waiting.extend(map(str, by_name[name].depends))
    return found
