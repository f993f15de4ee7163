"""What a demo run came to: counted from the marts, and held against what the providers really took."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from assets.steps import Steps
from core.store import outbox
from core.store.tables import messages
from core.vocabulary import Channel, Status
from senders.line.send import retry_key

_COUNTS = """
    select
        (select count(*) from marts.contacts),
        (select count(*) from marts.message_events),
        (select count(*) from marts.decisions),
        count(*) filter (accepted_at is not null),
        count(*) filter (delivered_at is not null),
        count(*) filter (first_opened_at is not null),
        count(*) filter (first_human_opened_at is not null),
        count(*) filter (first_human_clicked_at is not null),
        count(*) filter (replied_at is not null),
        (select count(distinct message_id) from marts.message_events where event_type = 'unsubscribed'),
        count(*) filter (status = 'failed'),
        count(*) filter (status = 'in_doubt')
    from marts.messages
"""
_NAMES = (
    "contacts",
    "events",
    "decisions",
    "sent",
    "delivered",
    "opened_raw",
    "opened_human",
    "clicked_human",
    "replied",
    "unsubscribed",
    "failed",
    "in_doubt",
)
_BY_CHANNEL = "select channel, count(*) from marts.messages where accepted_at is not null group by all order by all"
_UNEVEN_RUNS = """
    select run_id, count(*) as decided, count(distinct (contact_id, step, subject_id)) as considered
    from raw.campaigns__decisions group by all having decided <> considered
"""
_SENT_WITHOUT_ROW = """
    select count(*) from marts.decisions as d
    left join marts.messages as m on m.run_id = d.run_id and m.contact_id = d.contact_id and m.step = d.step
    where d.outcome = 'send' and m.message_id is null
"""


def _provider_key(channel: str, message_id: str, batch_id: str | None, address: str) -> str:
    """Return what a provider recognises a message by; one of a multicast by its person too."""
    if channel != Channel.LINE:
        return message_id
    return f"{retry_key(batch_id)}:{address}" if batch_id else retry_key(message_id)


def demo_result(
    steps: Steps, received: list[dict[str, Any]], seconds: dict[str, float], *, companies: int
) -> dict[str, Any]:
    """Return the counts of ``bma demo --json`` and whether the ledger's sums agree."""
    with steps.warehouse() as connection:
        counts = dict(zip(_NAMES, connection.execute(_COUNTS).fetchone(), strict=True))
        by_channel = dict(connection.execute(_BY_CHANNEL).fetchall())
        uneven = connection.execute(_UNEVEN_RUNS).fetchall()
        unplanned = connection.execute(_SENT_WITHOUT_ROW).fetchone()[0]
    taken = Counter({(message["channel"], message["key"]): int(message["count"]) for message in received})
    with steps.store.connect() as connection:
        by_status = outbox.counts(connection)
        found = connection.execute(
            sa.select(messages.c.channel, messages.c.message_id, messages.c.batch_id, messages.c.address).where(
                messages.c.accepted_at.is_not(None)
            )
        )
        recorded = {(row.channel, _provider_key(*row)) for row in found}
        waiting = sum(by_status.get(status, 0) for status in (Status.PLANNED, Status.CLAIMED))
    return {
        "companies": companies,
        **counts,
        "by_channel": by_channel,
        "duplicates": sum(count - 1 for count in taken.values() if count > 1),
        "lost": unplanned + len(recorded - set(taken)),
        "waiting": waiting,
        "runs_that_do_not_sum": len(uneven),
        "seconds": seconds,
    }


def agrees(result: dict[str, Any]) -> bool:
    """Say whether nothing was doubled, nothing lost, and every run's decisions sum to its audience."""
    return not (result["duplicates"] or result["lost"] or result["runs_that_do_not_sum"])
