"""Segments: computed in the warehouse as of now; who enters or leaves is recorded with the reason."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import PermanentError

_FOLDER = Path(__file__).parent / "segments"
_FACT = re.compile(r"^--\s*(segment|name|version):\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Segment:
    """A segment's SQL: one row per company and subject (``company_id, subject_type, subject_id, step, reason``)."""

    segment_id: str
    name: str
    version: int
    sql: str


@cache
def read_segments() -> tuple[Segment, ...]:
    """Return every segment. Raises PermanentError when a header lacks a fact."""
    return tuple(_read(path) for path in sorted(_FOLDER.glob("*.sql")))


def _read(path: Path) -> Segment:
    text = path.read_text()
    facts = dict(_FACT.findall(text))
    if missing := {"segment", "name", "version"} - facts.keys():
        raise PermanentError(f"{path.name}: its header lacks {', '.join(sorted(missing))}")
    return Segment(facts["segment"], facts["name"], int(facts["version"]), text)


def read_segment(segment_id: str) -> Segment:
    """Return one segment. Raises PermanentError naming those there are."""
    for segment in read_segments():
        if segment.segment_id == segment_id:
            return segment
    raise PermanentError(
        f"there is no segment {segment_id!r}: there are {', '.join(each.segment_id for each in read_segments())}"
    )


def find_members(connection: Any, segment: Segment, now: datetime) -> None:
    """Make the temporary table ``members``: the segment's subjects joined with the company's active contacts."""
    connection.execute("set variable now = ?::timestamptz", [now])
    connection.execute(_MEMBERS.format(segment=segment.sql))  # the segment is a file of ours, checked in


def compute(connection: Any, now: datetime) -> dict[str, int]:
    """Record entries to and exits from every segment; returns members per segment."""
    return {segment.segment_id: record(connection, segment, now) for segment in read_segments()}


def record(connection: Any, segment: Segment, now: datetime) -> int:
    """Record one segment's entries and exits as of ``now``, in one transaction; returns its members."""
    find_members(connection, segment, now)
    connection.execute("begin")
    try:
        connection.execute(_EXITS, [now, segment.segment_id])
        connection.execute(_ENTRIES, [segment.segment_id, now, segment.version, segment.segment_id])
        (members,) = connection.execute("select count(distinct contact_id) from members").fetchone()
        connection.execute("delete from raw.campaigns__segments where segment_id = ?", [segment.segment_id])
        connection.execute(
            "insert into raw.campaigns__segments values (?, ?, ?, ?, ?, ?)",
            [segment.segment_id, segment.name, segment.sql, segment.version, members, now],
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
    from ({segment}) as subject
    inner join marts.contacts as contact on contact.company_id = subject.company_id and contact.is_active
"""
_EXITS = """
    update raw.campaigns__segment_memberships as membership set valid_to = ?
    where segment_id = ? and valid_to is null and not exists (
        from members
        where members.contact_id = membership.contact_id and members.subject_id = membership.subject_id
    )
"""
_ENTRIES = """
    insert into raw.campaigns__segment_memberships
    select ?, contact_id, company_id, subject_type, subject_id, ?, null, ?, reason
    from members
    where not exists (
        from raw.campaigns__segment_memberships as membership
        where membership.segment_id = ? and membership.valid_to is null
          and members.contact_id = membership.contact_id and members.subject_id = membership.subject_id
    )
"""
