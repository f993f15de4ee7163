"""What LINE tells us: people who follow, block or write; verified, then put into our words."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import PermanentError
from core.ids import derived_id
from core.store.events import Event
from core.vocabulary import Actor, Channel, EventType

TYPES = {
    "follow": EventType.FOLLOWED,
    "unfollow": EventType.BLOCKED,
    "message": EventType.REPLIED,
    "postback": EventType.REPLIED,
}
STOP_WORDS = {"stop", "unsubscribe", "หยุด", "ยกเลิก", "เลิกรับ"}


def verify(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Check ``x-line-signature`` over the raw body, in constant time."""
    wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return bool(secret) and hmac.compare_digest(headers.get("x-line-signature", "").encode(), wanted)


def translate(body: bytes, *, received_at: datetime) -> list[Event]:
    """Return the events of one delivery; kinds that mean nothing to campaigns give none.

    Raises PermanentError when it is not what LINE documents.
    """
    del received_at  # LINE's events carry their own time
    try:
        delivery = json.loads(body)
        return [event for each in delivery["events"] for event in _events(each)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PermanentError(f"a LINE delivery nobody understands: {type(error).__name__} {error}") from error


def _events(found: dict[str, Any]) -> Iterator[Event]:
    kind, source = found["type"], found.get("source", {})
    user_id = source.get("userId")
    if kind not in TYPES or not user_id:
        return
    text = str(found.get("message", {}).get("text", "")) if kind == "message" else ""
    common: dict[str, Any] = {
        "channel": Channel.LINE,
        "address": user_id,
        "actor": Actor.HUMAN,
        "occurred_at": datetime.fromtimestamp(found["timestamp"] / 1000, UTC),
    }
    key = found["webhookEventId"]
    yield Event(
        event_id=derived_id("line", key),
        event_type=TYPES[kind],
        provider_event_type=kind,
        detail={"text": text} if text else {},
        **common,
    )
    if text.strip().lower() in STOP_WORDS:
        yield Event(
            event_id=derived_id("line", key, "stop"),
            event_type=EventType.UNSUBSCRIBED,
            provider_event_type="stop_word",
            **common,
        )
