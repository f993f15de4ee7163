"""What WhatsApp tells us: statuses, messages from people, opt-outs; verified, then put into our words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import PermanentError
from core.ids import derived_id
from core.store.events import Event
from core.vocabulary import Actor, Channel, ErrorClass, EventType
from senders.errors import classify
from senders.inbound import BROKEN, Heard, fault, is_signed_in_hex, is_stop, read_json, text_detail, understand
from senders.whatsapp import own_account

STATUSES = {
    "sent": EventType.SENT,
    "delivered": EventType.DELIVERED,
    "read": EventType.READ,
    "played": EventType.READ,
    "failed": EventType.FAILED,
    "accepted": EventType.ACCEPTED,
    "held_for_quality_assessment": EventType.HELD,
}
# Notices about a person or an earlier message: nobody wrote to us.
NO_REPLY = frozenset({"system", "edit", "revoke"})
PREFERENCES = {"stop": EventType.UNSUBSCRIBED, "resume": EventType.RESUBSCRIBED}


def verify(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Check ``X-Hub-Signature-256`` over the raw body, in constant time."""
    return is_signed_in_hex(body, headers.get("x-hub-signature-256", ""), secret)


def translate(body: bytes, *, received_at: datetime) -> list[Heard]:
    """Return the events of one delivery, and what it says of our templates and our account.

    Raises PermanentError when it is not what Meta documents, and PartlyUnderstoodError, with what the others say, when
    some of its items are not.
    """
    try:
        items = list(_items(read_json(body)))
    except BROKEN as error:
        raise PermanentError(f"no WhatsApp delivery: {fault(error)}") from error
    return understand("WhatsApp", items, lambda item: _events(item[0], item[1], received_at))


def _items(delivery: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield kind and item: every status, message, preference, and what Meta adds some day."""
    if delivery["object"] != "whatsapp_business_account":
        raise PermanentError(f"no WhatsApp delivery: object {delivery['object']!r}")
    for entry in delivery["entry"]:
        for change in entry["changes"]:
            value = change["value"]
            known = [(kind, item) for kind in _READERS for item in value.get(kind, ())]
            yield from known or [(change["field"], value)]


def _events(kind: str, item: dict[str, Any], received_at: datetime) -> Iterable[Heard]:
    if kind in _READERS:
        return _READERS[kind](item, received_at)
    if kind in own_account.FIELDS:
        return own_account.read(kind, item)
    raise PermanentError(f"change {kind!r}, which nobody has described yet")


def _at(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _address(number: str | None) -> str | None:
    return f"+{number.lstrip('+')}" if number else None


def _status(status: dict[str, Any], _received_at: datetime) -> Iterator[Event]:
    name = status["status"]
    if name not in STATUSES:
        raise PermanentError(f"status {name!r}, which nobody has described yet")
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
    yield Event(
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


def _inbound(message: dict[str, Any], _received_at: datetime) -> Iterator[Event]:
    kind = message["type"]
    if kind in NO_REPLY:
        return
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
        detail=text_detail(text),
        **common,
    )
    if is_stop(text):
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


def _preference(preference: dict[str, Any], received_at: datetime) -> Iterator[Event]:
    value = preference["value"]
    if value not in PREFERENCES:
        raise PermanentError(f"preference {value!r}, which nobody has described yet")
    moment = _at(preference["timestamp"]) if "timestamp" in preference else received_at
    yield Event(
        event_id=derived_id("whatsapp", "preference", preference.get("wa_id", ""), value, moment.isoformat()),
        channel=Channel.WHATSAPP,
        event_type=PREFERENCES[value],
        occurred_at=moment,
        actor=Actor.HUMAN,
        provider_event_type=f"user_preferences.{value}",
        address=_address(preference.get("wa_id")),
    )


_READERS: dict[str, Callable[[dict[str, Any], datetime], Iterator[Event]]] = {
    "statuses": _status,
    "messages": _inbound,
    "user_preferences": _preference,
}
