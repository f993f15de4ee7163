"""What is claimed, rendered and ready to go: single messages, and batches of the same words where a provider can."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from core.ids import random_id
from core.store.ledger import Message
from senders.contract import Outgoing
from senders.gate import Mark

Pair = tuple[Message, Outgoing]


class Ready(NamedTuple):
    """One request: its messages, the mark under which nothing spoke against them, and its key if it is a batch.

    ``until`` is when, by the monotonic clock, the claim is over and must not be acted on. A batch goes out as it was
    committed or not at all: only so does the provider recognise a repeat of it.
    """

    pairs: Sequence[Pair]
    mark: Mark | None
    until: float
    batch_id: str | None = None  # ends with how many messages the batch has
    is_doubt: bool = False  # it may have gone out before; the same key is sent once more to find out


def in_requests(
    pairs: Iterable[Pair], mark: Mark | None, until: float, most_alike: int, alone: set[str]
) -> Iterator[Ready]:
    """Put claimed messages with the same words into one request, up to ``most_alike``; ``alone`` are never joined."""
    if most_alike == 1:
        yield from (Ready((pair,), mark, until) for pair in pairs)
        return
    groups: dict[tuple[str, ...], dict[str, Pair]] = defaultdict(dict)
    for message, outgoing in pairs:
        group = groups[message.campaign_id, message.template_id, message.purpose, outgoing.text]
        if message.message_id in alone or message.address in group or outgoing.flex is not None:
            yield Ready(((message, outgoing),), mark, until)
            continue
        group[message.address] = (message, outgoing)
        if len(group) == most_alike:
            yield Ready(tuple(group.values()), mark, until, _batch_id(len(group)))
            group.clear()
    for group in groups.values():
        if group:
            yield Ready(tuple(group.values()), mark, until, _batch_id(len(group)))


def _batch_id(size: int) -> str | None:
    return f"{random_id()}.{size}" if size > 1 else None


def doubted_requests(pairs: Iterable[Pair]) -> Iterator[Ready]:
    """Put messages in doubt together as they went out; a batch of which one is settled already cannot be repeated."""
    batches: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair[0].batch_id is None:
            yield Ready((pair,), None, inf, is_doubt=True)
        else:
            batches[pair[0].batch_id].append(pair)
    for batch_id, members in batches.items():
        if len(members) == int(batch_id.rpartition(".")[2]):
            yield Ready(members, None, inf, batch_id, is_doubt=True)
