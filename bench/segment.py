"""A segment of three clauses about behaviour, over events: against a scan and group-by of the columns it needs."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.report import Result
from campaigns.segments import Library, find_members, from_text
from warehouse.connect import connect

_NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
_RULE = """
segment_id: engaged
name: Opened twice, clicked, never complained
name_th: เปิดอ่านสองครั้ง คลิก และไม่เคยร้องเรียน
version: 1
where:
  all:
    - {did: opened, at_least: 2, days: 300, where: {field: channel, is: email}}
    - {did: clicked, days: 300}
    - not: {did: complained, days: 360}
"""
# One contact in a hundred has no event; hot ones have many. Ids are the text of a UUID, as in the store.
_CONTACTS = """
    create table marts.contacts as
    select
        md5('contact' || number)::uuid::varchar as contact_id,
        md5('company' || number // 4)::uuid::varchar as company_id,
        true as is_active
    from range(?) as each(number)
"""
_EVENTS = """
    create table marts.message_events as
    select
        md5('contact' || floor(? * power(hash(number) / power(2, 64), 1.5))::bigint)::uuid::varchar as contact_id,
        ['sent', 'delivered', 'delivered', 'opened', 'opened', 'opened', 'read', 'clicked', 'replied', 'complained']
            [1 + (hash(number, 1) % 10)::bigint] as event_type,
        ['email', 'email', 'whatsapp', 'line'][1 + (hash(number, 2) % 4)::bigint] as channel,
        ['human', 'human', 'machine', 'unknown'][1 + (hash(number, 3) % 4)::bigint] as actor,
        ?::timestamptz - to_seconds(365 * 86400 - number * 365 * 86400 // ?) as occurred_at
    from range(?) as each(number)
"""
_LIMIT = """
    create or replace temp table counted as
    select
        contact_id,
        count(*) filter (where event_type <> '') as kinds,
        count(*) filter (where channel <> '') as channels,
        count(*) filter (where actor <> '') as actors,
        max(occurred_at) as newest
    from marts.message_events group by contact_id
"""


def segment(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Measure the median of five computations of the members, each beside one of the limit."""
    events, contacts = (1_000_000, 100_000) if quick else (10_000_000, 1_000_000)
    rule = from_text(_RULE, "the bench's rule")
    library = Library((rule,))
    with (
        tempfile.TemporaryDirectory(prefix="bma-bench-") as folder,
        connect(Path(folder) / "warehouse.duckdb") as duckdb,
    ):
        duckdb.execute("set enable_progress_bar = false")
        duckdb.execute("create schema marts")
        duckdb.execute(_CONTACTS, [contacts])
        duckdb.execute(_EVENTS, [contacts, _NOW, events, events])
        duckdb.execute("checkpoint")
        ours, limit = [], []
        for _ in range(6):  # the first of each warms the file
            limit.append(_seconds(lambda: duckdb.execute(_LIMIT)))
            ours.append(_seconds(lambda: find_members(duckdb, rule, _NOW, library)))
        (members,) = duckdb.execute("select count(*) from members").fetchone() or (0,)
    value, base = statistics.median(ours[1:]), statistics.median(limit[1:])
    return Result(
        name="segment",
        what=f"a rule of three clauses about behaviour, {events:,} events, {contacts:,} contacts (ms)",
        value=value * 1000,
        limit=base * 1000,
        ratio=value / base,
        must="≤ 3 ×",
        after="≤ 1.5 ×",
        met=value <= 3 * base,
        notes=f"limit: scan and group-by of the same columns; {members:,} members with their reasons",
    )


def _seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()  # of all threads: the machine may be busy with other things
    work()
    return time.process_time() - started
