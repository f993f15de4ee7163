"""Segments side by side: what a changed definition does to the audience, and how far segments overlap."""

from datetime import datetime
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.segments import Library, Segment, find_members

_BANGKOK = ZoneInfo("Asia/Bangkok")
_SENDS = """
    select
        message.campaign_id,
        (message.planned_at at time zone 'Asia/Bangkok')::date as day,
        bool_and(message.status = 'planned') as is_ahead,
        count(distinct message.contact_id) as contacts
    from marts.messages as message
    semi join entered on entered.contact_id = message.contact_id
    where message.planned_at > getvariable('now') - interval 7 days
        and message.status not in ('failed', 'expired', 'cancelled', 'suppressed')
    group by message.campaign_id, day
    order by contacts desc, day desc, message.campaign_id
"""


def diff(connection: Any, old: Segment, new: Segment, library: Library, now: datetime) -> dict[str, Any]:
    """Compare two definitions on today's data, in contacts.

    Returns ``old, new, before, after, entered, left, stayed``, the ``sends`` of the last seven days that those who
    enter were part of already (``campaign_id, day, is_ahead, contacts``), and a ``summary`` in one line.
    """
    for name, segment in (("before", old), ("after", new)):
        find_members(connection, segment, now, library)
        connection.execute(f"create or replace temp table {name} as select distinct contact_id from members")  # noqa: S608
    connection.execute("create or replace temp table entered as from after anti join before using (contact_id)")
    counts = {
        "before": _count(connection, "from before"),
        "after": _count(connection, "from after"),
        "entered": _count(connection, "from entered"),
        "left": _count(connection, "from before anti join after using (contact_id)"),
        "stayed": _count(connection, "from before semi join after using (contact_id)"),
    }
    found = connection.execute(_SENDS)
    names = [column[0] for column in found.description]
    sends = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {
        "old": f"{old.segment_id}@{old.version}",
        "new": f"{new.segment_id}@{new.version}",
        **counts,
        "sends": sends,
        "summary": _summary(counts, sends, now),
    }


def _count(connection: Any, query: str) -> int:
    (count,) = connection.execute(f"select count(*) {query}").fetchone()
    return int(count)


def _summary(counts: dict[str, int], sends: list[dict[str, Any]], now: datetime) -> str:
    text = f"+{counts['entered']} −{counts['left']}"
    for send in sends:
        is_today = send["day"] == now.astimezone(_BANGKOK).date()
        day = "today" if is_today else format(send["day"], "%A")
        text += f", {send['contacts']} overlap with {day}'s {send['campaign_id']}"
    return text


def overlap(connection: Any, segments: list[Segment], library: Library, now: datetime) -> dict[str, Any]:
    """Count the contacts that segments share now.

    Returns ``sizes`` by segment, ``pairs`` (``a, b, both, only_a, only_b, share``: of those in either) and ``in_all``.
    """
    connection.execute("create or replace temp table held (segment_id varchar, contact_id varchar)")
    for segment in segments:
        find_members(connection, segment, now, library)
        connection.execute("insert into held select distinct ?, contact_id from members", [segment.segment_id])
    sizes = dict.fromkeys((segment.segment_id for segment in segments), 0)
    sizes |= dict(connection.execute("select segment_id, count(*) from held group by all").fetchall())
    query = """
        select one.segment_id, other.segment_id, count(*)
        from held as one inner join held as other using (contact_id)
        where one.segment_id <> other.segment_id group by all
    """
    shared = {(a, b): count for a, b, count in connection.execute(query).fetchall()}
    (in_all,) = connection.execute(
        "select count(*) from (select contact_id from held group by all having count(*) = ?)", [len(sizes)]
    ).fetchone()
    return {
        "sizes": sizes,
        "pairs": [_pair(a, b, sizes, shared.get((a, b), 0)) for a, b in combinations(sizes, 2)],
        "in_all": in_all,
    }


def _pair(a: str, b: str, sizes: dict[str, int], both: int) -> dict[str, Any]:
    either = sizes[a] + sizes[b] - both
    return {
        "a": a,
        "b": b,
        "both": both,
        "only_a": sizes[a] - both,
        "only_b": sizes[b] - both,
        "share": round(both / either, 4) if either else 0.0,
    }
