"""One process of several at a lake: ``python -m bench.lake_process load|build|read SETTINGS``, a JSON line per turn.

``load`` hears of news and brings it into ``raw``, ``build`` builds and publishes, ``read`` asks the newest release
whether its marts agree. Each goes on until it is ended, as the hosts of an installation do.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import sqlalchemy as sa

from assets.steps import Steps
from core.clock import utc_now
from core.lake import Lake
from core.settings import Settings
from core.store import events
from core.store.tables import messages
from core.vocabulary import Channel, EventType
from warehouse import lake

# Marts of one build agree: every number of a reader comes from the same state.
MIXTURES = {
    "event of no message": """
        select count(*) from marts.message_events as event
        where event.message_id is not null and not exists (
            select * from marts.messages as message where message.message_id = event.message_id
        )
    """,
    "messages of the day's totals": """
        select abs((select count(*) from marts.messages where sent_at is not null)
            - (select coalesce(sum(sent), 0) from marts.daily_run_metrics))
    """,
    "first opening": """
        select count(*) from marts.messages as message
        where message.first_opened_at is distinct from (
            select min(event.occurred_at) from marts.message_events as event
            where event.message_id = message.message_id and event.event_type in ('opened', 'read')
        )
    """,
}


def load(steps: Steps) -> Iterator[dict[str, object]]:
    """Record an opening of every fortieth message, load it and what the CRM has."""
    while True:
        now = utc_now()
        with steps.store.begin() as connection:
            sent = connection.execute(sa.select(messages.c.message_id, messages.c.channel).order_by(sa.func.random()))
            news = [_opened(*row) for row in sent.fetchmany(40)]
            events.record(connection, news, received_at=now, now=now)
        journal = steps.sync_journal().rows
        crm = steps.sync_crm().rows
        yield {"events": journal["journal__events"], "crm": sum(crm.values())}


def _opened(message_id: str, channel: str) -> events.Event:
    return events.Event(
        event_id=uuid4().hex,
        channel=Channel(channel),
        event_type=EventType.OPENED,
        occurred_at=utc_now() - timedelta(seconds=5),
        provider_event_type="open",
        message_id=message_id,
        detail={"user_agent": "bench"},
    )


def build(steps: Steps) -> Iterator[dict[str, object]]:
    """Build all models and publish."""
    while True:
        started = time.perf_counter()
        models = len(steps.build())
        built = time.perf_counter() - started
        version = steps.publish()
        seconds = {"build": round(built, 2), "publish": round(time.perf_counter() - started - built, 2)}
        yield {"models": models, "version": version.name, **seconds}


def read(steps: Steps) -> Iterator[dict[str, object]]:
    """Ask the newest release of the lake itself, and follow it with a copy of this host's own."""
    where = steps.settings.warehouse_path
    assert isinstance(where, Lake)
    while True:
        with lake.attach(where) as connection:
            release = lake.newest_release(connection)
        if release is None:
            time.sleep(0.2)
            continue
        started = time.perf_counter()
        with lake.attach(where, snapshot=release.snapshot) as connection:
            found = {name: connection.execute(query).fetchall()[0][0] for name, query in MIXTURES.items()}
            opened = connection.execute("select count(first_opened_at) from marts.messages").fetchall()[0][0]
        took = round(time.perf_counter() - started, 3)
        followed = steps.follow()
        yield {
            "snapshot": release.snapshot,
            "mixtures": [name for name, rows in found.items() if rows],
            "opened": opened,
            "seconds": took,
            "followed": followed.name if followed else None,
        }


def main(part: str, values: str) -> None:
    """Do one part until ended."""
    steps = Steps(Settings(_env_file=None, **json.loads(values)))
    for turn in {"load": load, "build": build, "read": read}[part](steps):
        print(json.dumps(turn), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
