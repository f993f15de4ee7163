"""What LINE tells us: people who follow, block or write; verified, then put into our words."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import PermanentError
from core.ids import derived_id
from core.store import line_links
from core.store.events import Event
from core.vocabulary import Actor, Channel, EventType
from senders.inbound import BROKEN, CodeGiven, Heard, fault, is_stop, read_json, text_detail, understand

TYPES = {
    "follow": EventType.FOLLOWED,
    "unfollow": EventType.BLOCKED,
    "message": EventType.REPLIED,
    "postback": EventType.REPLIED,
    "accountLink": EventType.FOLLOWED,
}
# As people type it: in small letters, with a blank or a long dash, in the middle of a Thai sentence.
_CODE = re.compile(r"(?<![A-Z0-9])BMA[\s\-\u2010-\u2015]{0,3}([A-Z0-9]{8})(?![A-Z0-9])")
# Documented, and nothing to campaigns: groups, videos seen, beacons, the account's own life.
IGNORED = frozenset(
    {
        "join",
        "leave",
        "memberJoined",
        "memberLeft",
        "unsend",
        "videoPlayComplete",
        "beacon",
        "things",
        "membership",
        "module",
        "activated",
        "deactivated",
        "botSuspended",
        "botResumed",
        "delivery",
    }
)


def verify(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Check ``x-line-signature`` over the raw body, in constant time."""
    wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return bool(secret) and hmac.compare_digest(headers.get("x-line-signature", "").encode(), wanted)


def translate(body: bytes, *, received_at: datetime, link_secret: str = "") -> list[Heard]:
    """Return the events of one delivery, and the codes in it; kinds that mean nothing to campaigns give none.

    Without ``link_secret``, by whose hash codes are known, there are no codes.
    Raises PermanentError when it is not what LINE documents, and PartlyUnderstoodError, with the events of the
    others, when some of its items are not.
    """
    del received_at  # LINE's events carry their own time
    try:
        items = list(read_json(body)["events"])
    except BROKEN as error:
        raise PermanentError(f"no LINE delivery: {fault(error)}") from error
    return understand("LINE", items, lambda item: _events(item, link_secret))


def codes_in(text: str) -> list[str]:
    """Return the codes a text holds, as they were issued."""
    return [f"BMA-{letters}" for letters in _CODE.findall(text.upper())]


def _events(found: dict[str, Any], link_secret: str) -> Iterator[Heard]:
    kind, user_id = found["type"], found.get("source", {}).get("userId")
    if kind not in TYPES and kind not in IGNORED:
        raise PermanentError(f"event {kind!r}, which nobody has described yet")
    if kind in IGNORED or not user_id:
        return
    link = found["link"] if kind == "accountLink" else {}
    if link and link["result"] != "ok":
        return  # the person did not finish it
    text = str(found.get("message", {}).get("text", "")) if kind == "message" else ""
    common: dict[str, Any] = {
        "channel": Channel.LINE,
        "address": user_id,
        "actor": Actor.HUMAN,
        "occurred_at": datetime.fromtimestamp(found["timestamp"] / 1000, UTC),
    }
    key = found["webhookEventId"]
    event_id = derived_id("line", key)
    yield Event(
        event_id=event_id,
        event_type=TYPES[kind],
        provider_event_type=kind,
        detail=text_detail(text),
        **common,
    )
    codes = codes_in(str(link.get("nonce", text))) if link_secret else []
    # In a group others read along: a code is given where nobody does.
    if codes and found["source"].get("type", "user") == "user":
        given_hash, moment = line_links.digest(link_secret, codes[0]), common["occurred_at"]
        yield CodeGiven(event_id, user_id, given_hash, str(found.get("replyToken", "")), moment)
    if is_stop(text):
        yield Event(
            event_id=derived_id("line", key, "stop"),
            event_type=EventType.UNSUBSCRIBED,
            provider_event_type="stop_word",
            **common,
        )
