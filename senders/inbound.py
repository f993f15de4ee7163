"""What every channel's way back shares: proof of origin, the words for stop, and items understood one by one."""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from core.errors import PermanentError
from core.store.events import Event
from core.vocabulary import Channel

# What people write when they want no more messages: the whole text, in English or Thai.
STOP_WORDS = frozenset(
    {
        "stop",
        "stop all",
        "unsubscribe",
        "opt out",
        "optout",
        "หยุด",
        "หยุดส่ง",
        "ยกเลิก",
        "เลิกรับ",
        "ยกเลิกการรับข้อความ",
    }
)
_LONGEST_TEXT = 4000
_LONGEST_TIME = 12  # digits
REPLAY_WINDOW = timedelta(minutes=5)  # to either side: clocks differ
DEEPEST = 32  # levels of JSON; the deepest that WhatsApp and LINE document have 12


@dataclass(frozen=True)
class ProviderWord:
    """What a provider says of a template of ours (``name`` and ``language``) or, without a name, of our account."""

    channel: Channel
    says: str  # in the provider's word
    name: str = ""
    language: str = ""
    status: str = ""  # of the template: approved, paused, rejected, disabled; empty: as it was
    must_stop: bool = False  # nothing may be sent by the account until a person has looked


@dataclass(frozen=True)
class CodeGiven:
    """Somebody gave a one-time code in the event ``event_id``; ``reply_token`` lets us answer once."""

    event_id: str
    address: str
    code_hash: str
    reply_token: str
    occurred_at: datetime


Heard = Event | ProviderWord | CodeGiven


class PartlyUnderstoodError(PermanentError):
    """Some items of a delivery have no translation yet; ``understood`` is what the others say."""

    def __init__(self, message: str, understood: list[Heard]) -> None:
        super().__init__(message)
        self.understood = understood


def is_stop(text: str) -> bool:
    """Say whether a person's whole text asks us to stop."""
    return text.strip().strip(".!\"'").strip().casefold() in STOP_WORDS


def is_signed_in_hex(body: bytes, signature: str, secret: str) -> bool:
    """Check ``sha256=<hex HMAC-SHA256 of the raw body>`` in constant time; an empty secret proves nothing."""
    wanted = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return bool(secret) and hmac.compare_digest(signature.encode(), wanted.encode())


def is_signed_by_us(body: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> bool:
    """Check ``X-BMA-Signature``, our own scheme, in constant time.

    With ``X-BMA-Timestamp`` (seconds since 1970) the signature is over ``<timestamp>.<body>`` and good for five
    minutes; without, over the body, and a replay is known by what it holds.
    """
    signature, given = headers.get("x-bma-signature", ""), headers.get("x-bma-timestamp")
    if given is None:
        return is_signed_in_hex(body, signature, secret)
    if not (given.isascii() and given.isdigit() and len(given) <= _LONGEST_TIME):
        return False
    is_ours = is_signed_in_hex(given.encode() + b"." + body, signature, secret)
    return is_ours and abs(now.timestamp() - int(given)) <= REPLAY_WINDOW.total_seconds()


def read_json(body: bytes) -> Any:
    """Read a delivery's JSON, nested as deep as anybody's deliveries are.

    Raises PermanentError when it is nested deeper, and ValueError or RecursionError when it is no JSON.
    """
    try:
        found = orjson.loads(body)
    except ValueError:
        found = json.loads(body)  # takes what is no text, such as half an emoji, which people's telephones do send
    if body.count(b"{") + body.count(b"[") > DEEPEST and _depth(found) > DEEPEST:
        raise PermanentError(f"nested deeper than {DEEPEST} levels")
    return found


def _depth(found: Any) -> int:
    deepest, left = 0, [(found, 1)]
    while left:
        value, depth = left.pop()
        if isinstance(value, dict | list):
            deepest = max(deepest, depth)
            left.extend((each, depth + 1) for each in (value.values() if isinstance(value, dict) else value))
    return deepest


def understand(whose: str, items: Iterable[Any], translate_one: Callable[[Any], Iterable[Heard]]) -> list[Heard]:
    """Translate each item by itself, so that one nobody knows does not take the others with it.

    Raises PartlyUnderstoodError, with the events of the others, when an item is not understood.
    """
    understood: list[Heard] = []
    unknown: list[str] = []
    for item in items:
        try:
            understood.extend(list(translate_one(item)))
        except PermanentError as error:
            unknown.append(str(error))
        except BROKEN as error:
            unknown.append(fault(error))
    if unknown:
        raise PartlyUnderstoodError(f"{whose}: {'; '.join(dict.fromkeys(unknown))[:500]}", understood)
    return understood


# What reading a body of an unexpected shape raises; RecursionError is JSON nested without end.
BROKEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError, RecursionError)


def fault(error: BaseException) -> str:
    """Name what was wrong with a body without quoting it: it may hold contact details."""
    return f"no field {error}" if isinstance(error, KeyError) else f"unexpected shape ({type(error).__name__})"


def text_detail(text: str) -> dict[str, str]:
    """Return the detail of something a person wrote, bounded."""
    return {"text": text[:_LONGEST_TEXT]} if text else {}
