"""Segments: computed in the warehouse as of a moment; who enters or leaves is recorded with the reason.

A segment is a file of ``campaigns/segments`` (SQL, or rules as YAML), or rules kept in the store.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from campaigns.rules.catalogue import Collection, Field
from campaigns.rules.compile import Compiled, compile_definition, with_contacts
from campaigns.rules.parse import KnownValues, nothing_known, parse, read_definition
from campaigns.rules.tree import Definition
from campaigns.rules.values import near
from core.errors import PermanentError
from core.store import segments as store_segments

_FOLDER = Path(__file__).parent / "segments"
_FACT = re.compile(r"^--\s*(segment|name|name_th|version):\s*(.+)$", re.MULTILINE)
_MART = re.compile(r"\bmarts\.[a-z_]+")


@dataclass(frozen=True)
class Segment:
    """A segment's definition: ``text`` is its SQL (one row per company and subject: ``company_id, subject_type,
    subject_id, step, reason``; all active contacts of the company are members, or that of its column ``contact_id``
    where it has one that is not null), or the YAML of its ``rules``.
    """

    segment_id: str
    name: str
    name_th: str
    version: int
    text: str
    rules: Definition | None = None


class Library:
    """Every segment there is, by id; a segment can be asked for by another."""

    def __init__(self, segments: tuple[Segment, ...]) -> None:
        self.segments = {segment.segment_id: segment for segment in segments}

    def get(self, segment_id: str) -> Segment:
        """Return one segment. Raises PermanentError naming those there are."""
        if segment_id not in self.segments:
            raise PermanentError(f"there is no segment {segment_id!r}: {near(segment_id, self.segments)}")
        return self.segments[segment_id]

    def find(self, segment_id: str) -> Definition | str:
        """Return a segment's rules, or its SQL."""
        segment = self.get(segment_id)
        return segment.rules or segment.text

    def compiled(self, segment: Segment) -> Compiled | None:
        """Compile a segment's rules; None for one written as SQL."""
        return None if segment.rules is None else compile_definition(segment.rules, self.find)

    def tables(self, segment: Segment) -> frozenset[str]:
        """Return the marts that computing a segment reads."""
        if compiled := self.compiled(segment):
            return compiled.tables | {"marts.contacts"} | set(_MART.findall(compiled.members))
        return frozenset(_MART.findall(segment.text)) | {"marts.contacts"}


def open_library(engine: sa.Engine | None = None) -> Library:
    """Return the segments of the files and, with a store, those kept there.

    Raises PermanentError when a definition is wrong.
    """
    if engine is None:
        return Library(read_segments())
    with engine.connect() as store:
        kept = store_segments.newest_definitions(store)
    own = {segment.segment_id for segment in read_segments()}  # a file that came later takes its name back
    return Library((*read_segments(), *(from_content(each) for each in kept if each["segment_id"] not in own)))


@cache
def read_segments() -> tuple[Segment, ...]:
    """Return the segments of the files. Raises PermanentError naming the file and what is wrong in it."""
    return tuple(read_file(path) for path in sorted([*_FOLDER.glob("*.sql"), *_FOLDER.glob("*.yaml")]))


def read_file(path: Path) -> Segment:
    """Return the segment a file defines. Raises PermanentError naming the file and what is wrong in it."""
    try:
        text = path.read_text()
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror}") from error
    return from_text(text, path.name)


def from_text(text: str, origin: str) -> Segment:
    """Return the segment that ``text`` defines: SQL if its header says so, else YAML."""
    facts = dict(_FACT.findall(text))
    if "segment" not in facts and not text.lstrip().startswith("--"):
        rules = parse(text, origin)
        return Segment(rules.segment_id, rules.name, rules.name_th, rules.version, text, rules)
    if missing := {"segment", "name", "name_th", "version"} - facts.keys():
        raise PermanentError(f"{origin}: its header lacks {', '.join(sorted(missing))}")
    return Segment(facts["segment"], facts["name"], facts["name_th"], int(facts["version"]), text)


def from_content(content: Mapping[str, Any]) -> Segment:
    """Return the segment of a definition kept in the store."""
    rules = read_definition(content, f"segment {content['segment_id']}")
    text = yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False)
    return Segment(rules.segment_id, rules.name, rules.name_th, rules.version, text, rules)


def save(engine: sa.Engine, content: Mapping[str, Any], *, actor: str, now: datetime, connection: Any = None) -> int:
    """Keep a definition in the store and return its version; what has not changed keeps the version it has.

    With ``connection`` values are checked against the data too. Raises PermanentError for a definition that is wrong,
    contains itself, or has the name of a file's segment: files are changed in review.
    """
    known = nothing_known if connection is None else values_in(connection)
    rules = read_definition({**content, "version": 1}, "definition", known)
    if rules.segment_id in {each.segment_id for each in read_segments()}:
        raise PermanentError(f"segment {rules.segment_id} is a file of campaigns/segments: change it there, in review")
    library = open_library(engine)
    compile_definition(rules, library.find)
    with engine.begin() as store:
        return store_segments.save_definition(store, content, actor=actor, now=now)


def values_in(connection: Any) -> KnownValues:
    """Return what ``parse`` asks for the words found in the data; None where nothing is loaded."""

    def known(collection: Collection, field: Field) -> frozenset[str] | None:
        if field.values != "data" or collection.table not in _tables(connection):
            return None
        query = f"select distinct {field.column} from {collection.table}"  # noqa: S608 -- names of fields.toml
        return frozenset(value for (value,) in connection.execute(query).fetchall() if value) or None

    return known


def find_members(connection: Any, segment: Segment, now: datetime, library: Library) -> None:
    """Make the temporary table ``members``: ``contact_id, company_id, subject_type, subject_id, step, reason``.

    Raises PermanentError when a rule asks about a mart that was not built.
    """
    connection.execute("set variable now = ?::timestamptz", [now])
    compiled = library.compiled(segment)
    if compiled is None:
        connection.execute(_MEMBERS + with_contacts(segment.text))  # the segment is a file of ours, checked in
        return
    require_tables(connection, segment, compiled)
    connection.execute(f"create or replace temp table members as\n{compiled.members}", compiled.member_parameters)


def require_tables(connection: Any, segment: Segment, compiled: Compiled) -> None:
    """Raise PermanentError naming the marts a segment asks about and that are not there."""
    if missing := sorted(compiled.tables - _tables(connection)):
        raise PermanentError(
            f"segment {segment.segment_id} asks about {', '.join(missing)}, which this warehouse does not have: "
            "run `bma build`"
        )


def _tables(connection: Any) -> set[str]:
    query = "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database()"
    return {name for (name,) in connection.execute(query).fetchall()}


def compute(connection: Any, now: datetime, library: Library) -> dict[str, int]:
    """Record entries to and exits from every segment; returns members per segment.

    A segment that cannot be computed does not stop the others: it raises PermanentError when they are done.
    """
    counted, failed = {}, []
    for segment in library.segments.values():
        try:
            counted[segment.segment_id] = record(connection, segment, now, library)
        except PermanentError as error:
            failed.append(str(error))
    if failed:
        raise PermanentError("\n".join(failed))
    return counted


def record(connection: Any, segment: Segment, now: datetime, library: Library) -> int:
    """Record one segment's entries and exits as of ``now``, in one transaction; returns its members."""
    find_members(connection, segment, now, library)
    key = [segment.segment_id, segment.version]
    connection.execute("begin")
    try:
        connection.execute(_EXITS, [now, segment.segment_id])
        connection.execute(_ENTRIES, [segment.segment_id, now, segment.version, segment.segment_id])
        (members,) = connection.execute("select count(distinct contact_id) from members").fetchone()
        connection.execute("delete from raw.campaigns__segments where segment_id = ? and definition_version = ?", key)
        connection.execute(
            _VERSION, [segment.segment_id, segment.name, segment.name_th, segment.text, segment.version, members, now]
        )
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return int(members)


_MEMBERS = """
    create or replace temp table members as
    select
        contact.contact_id,
        subject.company_id,
        subject.subject_type,
        subject.subject_id,
        subject.step,
        subject.reason
    from """
_EXITS = """
    update raw.campaigns__segment_memberships as membership set valid_to = ?
    where segment_id = ? and valid_to is null and not exists (
        from members
        where members.contact_id = membership.contact_id and members.subject_id = membership.subject_id
    )
"""
_ENTRIES = """
    insert into raw.campaigns__segment_memberships
    select
        ?, contact_id, any_value(company_id), any_value(subject_type), subject_id, ?, null, ?,
        string_agg(distinct reason, '; ' order by reason)  -- of several steps that are due at once
    from members
    where not exists (
        from raw.campaigns__segment_memberships as membership
        where membership.segment_id = ? and membership.valid_to is null
          and members.contact_id = membership.contact_id and members.subject_id = membership.subject_id
    )
    group by contact_id, subject_id
"""
_VERSION = """
    insert into raw.campaigns__segments
    (segment_id, name, name_th, definition, definition_version, member_count, computed_at)
    values (?, ?, ?, ?, ?, ?, ?)
"""
