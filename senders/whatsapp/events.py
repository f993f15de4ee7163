"""What WhatsApp tells us: statuses, messages from people, opt-outs; verified, then put into our words."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import PermanentError
from core.ids import derived_id
from core.store.events import Event
from core.vocabulary import Actor, Channel, ErrorClass, EventType
from senders.errors import classify

STATUSES = {
    "sent": EventType.SENT,
    "delivered": EventType.DELIVERED,
    "read": EventType.READ,
    "played": EventType.READ,
    "failed": EventType.FAILED,
    "accepted": EventType.ACCEPTED,
    "held_for_quality_assessment": EventType.HELD,
}
PREFERENCES = {"stop": EventType.UNSUBSCRIBED, "resume": EventType.RESUBSCRIBED}
STOP_WORDS = {"stop", "unsubscribe", "opt out", "หยุด", "ยกเลิก", "เลิกรับ"}


def verify(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Check ``X-Hub-Signature-256`` over the raw body, in constant time."""
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(headers.get("x-hub-signature-256", "").encode(), wanted.encode())


def translate(body: bytes, *, received_at: datetime) -> list[Event]:
    """Return the events of one delivery. Raises PermanentError when it is not what Meta documents."""
    try:
        return list(_events(json.loads(body), received_at))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PermanentError(f"a WhatsApp delivery nobody understands: {type(error).__name__} {error}") from error


def _events(delivery: dict[str, Any], received_at: datetime) -> Iterator[Event]:
    if delivery["object"] != "whatsapp_business_account":
        raise PermanentError(f"not a WhatsApp delivery: object {delivery['object']!r}")
    for entry in delivery["entry"]:
        for change in entry["changes"]:
            value = change.get("value", {})
            yield from (_status(each) for each in value.get("statuses", ()))
            for message in value.get("messages", ()):
                yield from _inbound(message)
            for preference in value.get("user_preferences", ()):
                yield _preference(preference, received_at)


def _at(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _address(number: str | None) -> str | None:
    return f"+{number.lstrip('+')}" if number else None


def _status(status: dict[str, Any]) -> Event:
    name = status["status"]
    if name not in STATUSES:
        raise PermanentError(f"WhatsApp status nobody mapped: {name!r}")
    detail: dict[str, Any] = {}
    if "pricing" in status:
        detail["pricing"] = status["pricing"]
    if errors := status.get("errors"):
        code = str(errors[0]["code"])
        error_class, meaning = classify(Channel.WHATSAPP, code)
        detail |= {
            "error_class": str(error_class),
            "error_code": code,
            "reason": meaning,
            "permanent": error_class is ErrorClass.PERMANENT_RECIPIENT,
        }
    return Event(
        event_id=derived_id("whatsapp", status["id"], name, status.get("recipient_participant_id", "")),
        channel=Channel.WHATSAPP,
        event_type=STATUSES[name],
        occurred_at=_at(status["timestamp"]),
        provider_event_type=name,
        message_id=status.get("biz_opaque_callback_data"),
        provider_message_id=status["id"],
        address=_address(status.get("recipient_id")),
        detail=detail,
    )


def _inbound(message: dict[str, Any]) -> Iterator[Event]:
    kind = message["type"]
    text = _text(message, kind)
    common: dict[str, Any] = {
        "channel": Channel.WHATSAPP,
        "occurred_at": _at(message["timestamp"]),
        "address": _address(message.get("from")),
        "provider_message_id": message.get("context", {}).get("id"),
        "actor": Actor.HUMAN,
    }
    yield Event(
        event_id=derived_id("whatsapp", message["id"]),
        event_type=EventType.REPLIED,
        provider_event_type=kind,
        detail={"text": text},
        **common,
    )
    if text.strip().lower() in STOP_WORDS:
        yield Event(
            event_id=derived_id("whatsapp", message["id"], "stop"),
            event_type=EventType.UNSUBSCRIBED,
            provider_event_type="stop_word",
            **common,
        )


def _text(message: dict[str, Any], kind: str) -> str:
    if kind == "text":
        return str(message["text"]["body"])
    if kind == "button":
        return str(message["button"].get("text", ""))
    if kind == "interactive":
        answer = message["interactive"]
        return str(answer.get(answer.get("type", ""), {}).get("title", ""))
    return ""


def _preference(preference: dict[str, Any], received_at: datetime) -> Event:
    value = preference["value"]
    if value not in PREFERENCES:
        raise PermanentError(f"WhatsApp preference nobody mapped: {value!r}")
    moment = _at(preference["timestamp"]) if "timestamp" in preference else received_at
    return Event(
        event_id=derived_id("whatsapp", "preference", preference.get("wa_id", ""), value, moment.isoformat()),
        channel=Channel.WHATSAPP,
        event_type=PREFERENCES[value],
        occurred_at=moment,
        actor=Actor.HUMAN,
        provider_event_type=f"user_preferences.{value}",
        address=_address(preference.get("wa_id")),
    )
