"""Why a person is in a segment, or which clause failed, now or on a past day."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from campaigns.past import Past, as_of
from campaigns.rules.compile import Compiled, Leaf
from campaigns.rules.tree import SegmentClause
from campaigns.rules.words import sentence
from campaigns.segments import Library, Segment, find_members, require_tables

_INTERVALS = """
    select subject_type, subject_id, valid_from, valid_to, definition_version, reason
    from raw.campaigns__segment_memberships
    where segment_id = ? and contact_id = ? order by valid_from, subject_id
"""
_SQL_ONLY = "this segment is written as SQL: it tells why somebody is in, not which condition failed"


def explain(
    connection: Any,
    segment: Segment,
    contact_id: str,
    library: Library,
    *,
    now: datetime,
    moment: datetime | None = None,
) -> dict[str, Any]:
    """Tell about one contact, by the definition of today; as of ``moment``, or now.

    Returns ``segment_id, definition_version, contact_id, as_of, is_in, summary, subjects, memberships, notes``.
    A subject has ``subject_type, subject_id, is_in``, and ``step, reason`` or for rules ``clauses``: each with
    ``place, clause, held, value, decided``: whether the answer hung on it.
    ``memberships`` are the intervals recorded, with the version of the definition that let the contact in.
    """
    memberships = _rows(connection, _INTERVALS, [segment.segment_id, contact_id])
    with past_or_now(connection, segment, library, now=now, moment=moment) as past:
        compiled = library.compiled(segment)
        notes = past.notes if past else []
        if compiled is None:
            subjects = _of_sql(connection, segment, contact_id, moment or now, library)
            notes.append(_SQL_ONLY)
        else:
            require_tables(connection, segment, compiled)
            subjects = _of_rules(connection, compiled, contact_id)
        is_in = any(subject["is_in"] for subject in subjects)
        summary = _summary(subjects) or _absence(connection, segment, contact_id)
    return {
        "segment_id": segment.segment_id,
        "definition_version": segment.version,
        "contact_id": contact_id,
        "as_of": moment or now,
        "is_in": is_in,
        "summary": summary,
        "subjects": subjects,
        "memberships": memberships,
        "notes": notes,
    }


def past_or_now(
    connection: Any, segment: Segment, library: Library, *, now: datetime, moment: datetime | None
) -> AbstractContextManager[Past | None]:
    """Open the past a segment needs; without ``moment`` the marts as they stand, seen at ``now``."""
    if moment is not None:
        return as_of(connection, moment, library.tables(segment))
    connection.execute("set variable now = ?::timestamptz", [now])
    return nullcontext()


def _of_sql(
    connection: Any, segment: Segment, contact_id: str, moment: datetime, library: Library
) -> list[dict[str, Any]]:
    find_members(connection, segment, moment, library)
    query = (
        "select subject_type, subject_id, true as is_in, step, reason from members where contact_id = ? order by all"
    )
    return _rows(connection, query, [contact_id])


def _of_rules(connection: Any, compiled: Compiled, contact_id: str) -> list[dict[str, Any]]:
    rows = _rows(connection, compiled.explain, {**compiled.parameters, "contact_id": contact_id})
    return [
        {
            "subject_type": row["subject_type"],
            "subject_id": row["subject_id"],
            "is_in": row["is_in"],
            "clauses": [
                {
                    "place": leaf.clause.place,
                    "clause": ("not: " if leaf.is_negated else "") + sentence(leaf.clause),
                    "held": row[f"c{leaf.number}"] != leaf.is_negated,
                    "value": _value(leaf, row),
                    "decided": row[f"d{leaf.number}"],
                }
                for leaf in compiled.leaves
            ],
        }
        for row in rows
    ]


def _value(leaf: Leaf, row: dict[str, Any]) -> str | None:
    if isinstance(leaf.clause, SegmentClause):
        return "yes" if row[f"c{leaf.number}"] else "no"
    found: str | None = row[f"v{leaf.number}"]
    return found


def _summary(subjects: list[dict[str, Any]]) -> str:
    if not subjects:
        return ""
    first = subjects[0]
    if "clauses" not in first:
        return f"in: {first['reason']}"
    shown = [each for each in first["clauses"] if each["decided"]]
    word = "in" if first["is_in"] else "not in; what failed"
    return f"{word}: " + "; ".join(f"{each['clause']} [{_shown(each['value'])}]" for each in shown)


def _shown(value: str | None) -> str:
    return "not known" if value is None else value


def _absence(connection: Any, segment: Segment, contact_id: str) -> str:
    found = connection.execute("select is_active from marts.contacts where contact_id = ?", [contact_id]).fetchone()
    if found is None:
        return "not in: the warehouse has no such contact on that day"
    if not found[0]:
        return "not in: the contact is not active"
    if segment.rules is not None and segment.rules.subject is not None:
        return f"not in: the company has no {segment.rules.subject.collection.subject_type} at all"
    return "not in"


def _rows(connection: Any, query: str, parameters: Any) -> list[dict[str, Any]]:
    found = connection.execute(query, parameters)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
