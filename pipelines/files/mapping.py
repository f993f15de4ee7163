"""Which column of a list is which field: guessed from the header's names, or as told."""

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.addresses import valid_email
from core.errors import PermanentError
from core.vocabulary import Purpose
from pipelines.files.text import Row

ADDRESSES = ("email", "mobile", "line_user_id")  # the strongest first: a person is told by it
_WORDS = Path(__file__).with_name("headers.toml")
_HEADER_WITHIN = 20  # rows with text: titles and logos above the header are few


class Consent(BaseModel):
    """For which purposes the people of a list agreed to be written to, how that can be shown, and on which day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purposes: tuple[Purpose, ...] = ()
    evidence: str = ""
    given_at: date | None = None

    @model_validator(mode="after")
    def _has_evidence(self) -> "Consent":
        if bool(self.purposes) != bool(self.evidence.strip()):
            raise ValueError("say both for which purposes consent was given and what shows it, or neither")
        return self


class Wish(BaseModel):
    """How a file is to be read, where guessing is not enough: ``columns`` says column → field, "" leaves one out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = Field(default_factory=dict)
    consent: Consent = Consent()
    encoding: str | None = None
    sheet: str | None = None
    country: str = "Thailand"

    @model_validator(mode="after")
    def _is_possible(self) -> "Wish":
        if unknown := set(self.columns.values()) - set(fields()) - {""}:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}; there are {', '.join(fields())}")
        told = [field for field in self.columns.values() if field]
        if len(told) != len(set(told)):
            raise ValueError("two columns are mapped to one field")
        if country_name(self.country) is None:
            raise ValueError(f"no such country: {self.country}; there are {', '.join(words()['countries'])}")
        return self


def wish_of(values: Mapping[str, Any]) -> Wish:
    """Check what a command or a mapping file says. Raises PermanentError naming what is wrong."""
    try:
        return Wish.model_validate(values)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}".strip() for each in error.errors())
        raise PermanentError(f"the mapping cannot be used: {said}") from error


@cache
def words() -> dict[str, dict[str, list[str]]]:
    """Return the words we know of headers, consent, countries and languages."""
    return tomllib.loads(_WORDS.read_text())


def fields() -> tuple[str, ...]:
    """Return the fields a column may be mapped to."""
    return tuple(words()["fields"])


def plain(text: str) -> str:
    """Return a word without case, spaces and punctuation; Thai vowels and tones stay."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] not in "ZPC")


@cache
def _known(kind: str) -> dict[str, str]:
    return {plain(spelling): name for name, spellings in words()[kind].items() for spelling in (*spellings, name)}


def country_name(text: str) -> str | None:
    """Return our name of a country, or None."""
    return _known("countries").get(plain(text))


def language_code(text: str) -> str | None:
    """Return th or en, or None."""
    return _known("languages").get(plain(text))


def says_yes(text: str) -> bool:
    """Say whether a cell of a consent column agrees."""
    return (plain(text) or text.strip()) in {plain(word) or word for word in words()["consent"]["yes"]}


def find_header(rows: Iterable[Row], columns: Mapping[str, str]) -> Row:
    """Return the header: of the first rows, the one that names most fields or columns told.

    Raises PermanentError for an empty file, and where there seems to be no header.
    """
    first = [row for row, _ in zip(rows, range(_HEADER_WITHIN), strict=False)]
    if not first:
        raise PermanentError("the file is empty")

    def names(row: Row) -> int:
        return len({_known("fields").get(plain(cell)) or cell for cell in row[1] if _is_name(cell, columns)})

    header = max(first, key=names)  # the first of equals
    if any(valid_email(cell.strip()) for cell in header[1]):
        raise PermanentError(f"line {header[0]} is a contact, not a header: put the columns' names above it")
    return header


def _is_name(cell: str, columns: Mapping[str, str]) -> bool:
    return cell.strip() in columns or plain(cell) in _known("fields")


def column_names(header: list[str]) -> list[str]:
    """Name every column once: an empty one by its number, the second ``Email`` as ``Email (2)``."""
    names: list[str] = []
    for number, cell in enumerate(header, start=1):
        base = " ".join(cell.split()) or f"column {number}"
        name, count = base, 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return names


def guess(names: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Map field → column: as told, then by the names we know, the first column of each.

    Raises PermanentError for a column that is not there and when no column holds an address.
    """
    if missing := columns.keys() - set(names):
        raise PermanentError(f"there is no column {', '.join(sorted(missing))}: there are {', '.join(names)}")
    found = {field: name for name, field in columns.items() if field}
    for name in names:
        field = _known("fields").get(plain(name))
        if field and field not in found and name not in columns:
            found[field] = name
    if not found.keys() & set(ADDRESSES):
        raise PermanentError(
            f"no column looks like an email, mobile or LINE user id. Columns: {', '.join(names)}. "
            "Say which it is: --map 'COLUMN=email'"
        )
    return found
