"""The policy: a million contacts decided by every rule of the campaign *renewal*, and the waterfall over them."""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.report import Result
from campaigns import lifecycle
from campaigns.playbooks import read_playbook, read_playbooks
from campaigns.told import tell
from warehouse.connect import connect

_NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # Monday, ten in Bangkok: almost nobody is put off
_TOWN = (Path(__file__).parent / "policy_town.sql").read_text()
_WATERFALL = (
    "create or replace temp table waterfall as select outcome, channel, count(*) as contacts from verdicts group by all"
)
_SUMS = """
    select
        (select count(*) from members),
        (select sum(contacts) from waterfall),
        (select count(*) from members anti join verdicts using (contact_id, subject_id, step)),
        (select count(distinct outcome) from waterfall)
"""


def policy(quick: bool) -> Result:  # noqa: FBT001 -- every measure is asked so
    """Measure the median of five decisions about everybody. Raises RuntimeError unless each contact has one outcome."""
    contacts = 100_000 if quick else 1_000_000
    playbook = read_playbook("renewal")
    with (
        tempfile.TemporaryDirectory(prefix="bma-bench-") as folder,
        connect(Path(folder) / "warehouse.duckdb") as duckdb,
    ):
        duckdb.execute("set enable_progress_bar = false")
        duckdb.execute("set variable contacts = ?::bigint", [contacts])
        duckdb.execute("set variable now = ?::timestamptz", [_NOW])
        duckdb.execute(_TOWN)
        duckdb.execute("checkpoint")
        decided, waterfall = [], []
        duckdb.execute("set threads = 1")  # what is asked for are seconds of one core
        told = tell(duckdb, playbook, read_playbooks(), _NOW)
        for _ in range(6):  # the first warms the file
            decided.append(_seconds(lambda: lifecycle.decide(duckdb, playbook, "the bench's run", told)))
            waterfall.append(_seconds(lambda: duckdb.execute(_WATERFALL)))
        audience, summed, forgotten, outcomes = duckdb.execute(_SUMS).fetchone() or (0, 0, 0, 0)
    if audience != contacts or summed != audience or forgotten:
        raise RuntimeError(f"the outcomes of {audience} contacts sum to {summed}, and {forgotten} have none")
    value, preview = statistics.median(decided[1:]), statistics.median(waterfall[1:])
    return Result(
        name="policy",
        what=f"every rule of renewal for {contacts:,} contacts, {contacts:,} earlier decisions (ms of one core)",
        value=value * 1000,
        limit=None,
        ratio=None,
        must="≤ 5,000 for 1,000,000",
        after="≤ 2,000",
        met=value <= 5 * contacts / 1_000_000,
        notes=f"audience included; {outcomes} outcomes sum to the audience; waterfall over it {preview * 1000:.0f} ms",
    )


def _seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()  # of all threads: the machine may be busy with other things
    work()
    return time.process_time() - started
