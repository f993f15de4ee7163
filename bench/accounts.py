"""The account of a proof: what the ledger says against what the provider took. What must be zero has a name."""

from typing import Any

import sqlalchemy as sa

from bench.working import ask, query
from core.settings import Settings
from core.store.tables import inbox, messages
from senders.line.send import retry_key

MUST_BE_ZERO = (
    "duplicates",
    "lost",
    "in_doubt_but_knowable",
    "in_doubt_unexplained",
    "suppressed_sent",
    "acknowledged_missing",
)
_OVER = ("accepted", "sent", "delivered", "read")
_ON_THE_WIRE = 0.1  # seconds a request may have been under way when an opt-out was answered


def account(settings: Settings, provider: str, *, caught: set[str]) -> dict[str, Any]:
    """Return the counts; ``caught`` are the keys that were claimed when something died or was cut.

    In doubt is explained when it was caught, or when the provider's answer said nothing. It is knowable when there was
    evidence: WhatsApp tells by webhook what it took, LINE recognises a repeat; a mail server does neither.
    """
    said = ask(f"{provider}/taken")
    taken: dict[str, dict[str, Any]] = said["taken"]
    by_status: dict[str, set[str]] = {}
    channel_of: dict[str, str] = {}
    for message_id, channel, status in query(
        settings, sa.select(messages.c.message_id, messages.c.channel, messages.c.status)
    ):
        by_status.setdefault(status, set()).add(key_of(channel, message_id))
        channel_of[key_of(channel, message_id)] = channel
    doubted = by_status.get("in_doubt", set())
    accepted = set().union(*(by_status.get(status, set()) for status in _OVER))
    ended = accepted | doubted | by_status.get("suppressed", set()) | by_status.get("failed", set())
    known = {key for key in doubted if channel_of[key] == "line" or (channel_of[key] == "whatsapp" and key in taken)}
    received = {row[0] for row in query(settings, sa.select(inbox.c.dedup_key))}
    return {
        "messages": len(channel_of),
        "duplicates": sum(each["count"] - 1 for each in taken.values()),
        "lost": len(channel_of.keys() - ended) + len(accepted - taken.keys()) + len(taken.keys() - accepted - doubted),
        "in_doubt": len(doubted),
        "in_doubt_but_knowable": len(known),
        "in_doubt_unexplained": len(doubted - caught - set(said["unclear"])),
        "suppressed_sent": sum(_is_late(each, said["stopped"]) for each in taken.values()),
        "acknowledged_missing": len(set(said["answered"]) - received),
        "opted_out": len(said["stopped"]),
        "webhooks_refused": said["refused"],
        "by_status": {status: len(keys) for status, keys in sorted(by_status.items())},
        "by_channel": {
            channel: sum(each["channel"] == channel for each in taken.values())
            for channel in sorted(set(channel_of.values()))
        },
    }


def claimed(settings: Settings) -> dict[str, str]:
    """Return what is claimed now: the key by which the provider knows it, and the channel."""
    rows = query(settings, sa.select(messages.c.message_id, messages.c.channel).where(messages.c.status == "claimed"))
    return {key_of(channel, message_id): channel for message_id, channel in rows}


def key_of(channel: str, message_id: str) -> str:
    """Return the key by which a channel's provider recognises a message."""
    return retry_key(message_id) if channel == "line" else message_id


def _is_late(each: dict[str, Any], stopped: dict[str, float]) -> bool:
    return bool(each["at"] > stopped.get(each["address"], float("inf")) + _ON_THE_WIRE)
