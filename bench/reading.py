"""The processes of the readers' proof: one that loads, builds and publishes without end, and those that read.

``python -m bench.reading write FOLDER`` and ``python -m bench.reading read FOLDER``, which ends when ``OVER`` is there.
"""

import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from core.errors import HouseError
from pipelines.crm.tables import TABLES as CRM
from pipelines.journal import judgements
from pipelines.journal.source import NUMBERED
from pipelines.journal.source import TABLES as JOURNAL
from pipelines.profiles import arrow_table
from warehouse.build import build
from warehouse.connect import connect, prepare
from warehouse.publish import newest, open_newest, publish_checked

OVER = "over"  # the file that ends it
PAUSE = 0.1  # seconds between one look at a page and the next
BATCH = 500  # messages that a load brings, each with one event
# What pages ask: the funnel, a list, a count of the largest table, and whom a campaign reached.
QUESTIONS = (
    "select channel, sum(sent), sum(delivered) from marts.campaign_results group by all",
    "select company_id, name, contract_value from marts.companies order by name limit 50",
    "select event_type, count(*) from marts.message_events group by all",
    "select m.status, count(*) from marts.messages as m join marts.contacts as c using (contact_id) group by all",
)
# Tables of one build agree: every load adds as many to each of these, so that two builds never have the same.
AGREE = """
    select
        (select count(*) from marts.messages where accepted_at is not null),
        (select count(*) from marts.message_events),
        (select sum(sent)::bigint from marts.daily_run_metrics),
        (select sum(sent)::bigint from marts.daily_channel_metrics),
        (select count(distinct contact_id) from marts.contacts)
"""


def warehouse_path(folder: Path) -> Path:
    """Return where the proof's warehouse lies."""
    return folder / "warehouse.duckdb"


def make_world(connection: duckdb.DuckDBPyConnection, people: int) -> None:
    """Make every raw table, with companies of four contacts each."""
    prepare(connection)
    for table, columns in {**CRM, **JOURNAL, judgements.TABLE: judgements.COLUMNS}.items():
        connection.register("shape", arrow_table([], columns))
        connection.execute(f"create table raw.{table} as from shape")
        connection.unregister("shape")
    for table in NUMBERED:
        connection.execute(f"alter table raw.{table} add column _load_number bigint")
    connection.execute(
        """
        insert into raw.crm__companies by name
        select 'c' || n as id, 'Hotel ' || n as name, 'Thailand' as country, true as is_active, false as _is_deleted
        from range($people // 4) as t (n)
        """,
        {"people": people},
    )
    connection.execute(
        """
        insert into raw.crm__contacts by name
        select 'p' || n as id, 'c' || n // 4 as company, 'Person ' || n as name,
            'person' || n || '@example.com' as email, true as is_active, false as _is_deleted
        from range($people) as t (n)
        """,
        {"people": people},
    )
    moment = {"now": datetime(2026, 3, 1, 5, tzinfo=UTC)}
    connection.execute(
        "insert into raw.journal__campaigns by name select 'renewal' as campaign_id, $now as updated_at", moment
    )
    connection.execute(
        """
        insert into raw.journal__campaign_runs by name
        select 'r1' as run_id, 'renewal' as campaign_id, $now as updated_at
        """,
        moment,
    )
    connection.execute(
        """
        insert into raw.journal__templates by name
        select 't' as template_id, 'email' as channel, 'en' as language, 1 as version
        """
    )


def load(connection: duckdb.DuckDBPyConnection, *, batches: int = 1) -> None:
    """Add messages that were taken, and one event of each, all or nothing."""
    (first,) = connection.execute("select count(*) from raw.journal__messages").fetchone() or (0,)
    (people,) = connection.execute("select count(*) from raw.crm__contacts").fetchone() or (0,)
    # Numbered, so that builds and replicas follow it by its touched rows.
    bound = {"first": first, "last": first + batches * BATCH, "people": people, "number": first // BATCH + 1}
    connection.execute("begin")
    connection.execute(
        """
        insert into raw.journal__messages by name
        select 'm' || n as message_id, 'renewal' as campaign_id, 'r1' as run_id, '1' as step, 'a' as variant,
            'p' || n % $people as contact_id, 'c' || n % $people // 4 as company_id, 'email' as channel,
            'renewal' as purpose, 't' as template_id, 'delivered' as status, 'en' as language,
            timestamptz '2026-03-01 05:00:00+00' + to_seconds(n) as planned_at, planned_at as claimed_at,
            planned_at as accepted_at, planned_at as sent_at, planned_at as delivered_at, planned_at as updated_at,
            $number as _load_number
        from range($first, $last) as t (n)
        """,
        bound,
    )
    connection.execute(
        """
        insert into raw.journal__events by name
        select 'e' || n as event_id, 'm' || n as message_id, 'p' || n % $people as contact_id, 'email' as channel,
            'delivered' as event_type, 'unknown' as actor,
            timestamptz '2026-03-01 05:00:00+00' + to_seconds(n) as occurred_at, occurred_at as recorded_at,
            $number as _load_number
        from range($first, $last) as t (n)
        """,
        bound,
    )
    connection.execute("commit")


def write(folder: Path) -> None:
    """Load, build and publish without end; say each time when it begins and how long it took."""
    while True:
        started = time.perf_counter()
        print("begins", flush=True)
        with connect(warehouse_path(folder)) as connection:
            load(connection)
            build(connection, now=datetime.now(UTC))
            publish_checked(connection, folder / "serve", datetime.now(UTC))
        print(f"{time.perf_counter() - started:.3f}", flush=True)


@dataclass
class Seen:
    """What one reader met."""

    queries: int = 0
    versions: int = 0
    mixtures: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    staleness: list[float] = field(default_factory=list)  # seconds since the copy was published, at each query


def read(folder: Path) -> Seen:
    """Ask as a dashboard does until it is over, opening anew whenever a newer copy is there."""
    seen = Seen()
    version, connection = None, None
    while not (folder / OVER).exists():
        try:
            if version is None or newest(folder / "serve") != version:
                version, connection = open_newest(folder / "serve")
                seen.versions += 1
            _ask(connection, seen)
            seen.staleness.append((datetime.now(UTC) - version.published_at).total_seconds())
        except (HouseError, duckdb.Error) as error:
            seen.errors[str(error)[:200]] += 1
        time.sleep(PAUSE)
    return seen


def _ask(connection: Any, seen: Seen) -> None:
    for question in QUESTIONS:
        started = time.perf_counter()
        connection.execute(question).fetchall()
        seen.milliseconds.append((time.perf_counter() - started) * 1000)
        seen.queries += 1
    messages, events, of_runs, of_days, _ = connection.execute(AGREE).fetchone()
    seen.mixtures += not messages == events == of_runs == of_days


if __name__ == "__main__":
    role, where = sys.argv[1:]
    if role == "write":
        write(Path(where))
    else:
        print(json.dumps(asdict(read(Path(where)))))
