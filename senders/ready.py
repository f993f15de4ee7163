"""What is claimed, rendered and ready to go: single messages, and batches of the same words where a provider can."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import sqlalchemy as sa

from core.ids import random_id
from core.store import ledger
from core.store.ledger import Message
from senders.contract import Outgoing
from senders.gate import Mark

Pair = tuple[Message, Outgoing]


class Ready(NamedTuple):
    """One request: its messages, the mark under which nothing spoke against them, and its key if it is a batch.

    A batch goes out as it was committed or not at all: only so does the provider recognise a repeat of it.
    """

    pairs: tuple[Pair, ...]
    mark: Mark | None
    batch_id: str | None = None
    is_doubt: bool = False  # it may have gone out before; the same key is sent once more to find out


def in_requests(
    connection: sa.Connection, pairs: Iterable[Pair], mark: Mark | None, most_alike: int, alone: set[str]
) -> Iterator[Ready]:
    """Put messages of a claim with the same words into one request, and commit which; ``alone`` are never joined."""
    groups: dict[tuple[str, ...], dict[str, Pair]] = defaultdict(dict)
    for message, outgoing in pairs:
        group = groups[message.campaign_id, message.template_id, message.purpose, outgoing.text]
        is_free = most_alike > 1 and message.message_id not in alone and message.address not in group
        if not is_free:
            yield Ready(((message, outgoing),), mark)
            continue
        group[message.address] = (message, outgoing)
        if len(group) == most_alike:
            yield _batch(connection, list(group.values()), mark)
            group.clear()
    for group in groups.values():
        if group:
            yield _batch(connection, list(group.values()), mark)


def _batch(connection: sa.Connection, pairs: list[Pair], mark: Mark | None) -> Ready:
    if len(pairs) == 1:
        return Ready(tuple(pairs), mark)
    batch_id = f"{random_id()}.{len(pairs)}"
    ledger.put_in_batch(connection, [message.message_id for message, _ in pairs], batch_id)
    return Ready(tuple(pairs), mark, batch_id)


def doubted_requests(pairs: Iterable[Pair]) -> Iterator[Ready]:
    """Put messages in doubt together as they went out; a batch of which one is settled already cannot be repeated."""
    batches: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair[0].batch_id is None:
            yield Ready((pair,), None, is_doubt=True)
        else:
            batches[pair[0].batch_id].append(pair)
    for batch_id, members in batches.items():
        if len(members) == int(batch_id.rpartition(".")[2]):
            yield Ready(tuple(members), None, batch_id, is_doubt=True)
