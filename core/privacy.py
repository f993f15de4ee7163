"""Contact details and secrets: how they are masked wherever a person without the right could read them."""

import re
from collections.abc import Mapping
from typing import Any

_NAME = r"[\w.+'!#$*^`{|}~-]"
_EMAIL = re.compile(rf'(?:"[^"\n]{{1,64}}"|({_NAME}){_NAME}*)((?:@|%40)[\w-]+(?:\.[\w-]+)+)', re.IGNORECASE)
# Whatever separates the digits; a run of more than one number is masked as one.
_PHONE = re.compile(r"\+?\d(?:[\s().\-/\u2010-\u2015]{0,3}\d){7,}")
_CHAT_USER = re.compile(r"(?<![0-9A-Za-z])([UCR][0-9a-f]{3})[0-9a-f]{29}(?![0-9a-f])")  # LINE: user, group, room
_WHATSAPP_MESSAGE = re.compile(r"\bwamid\.[\w+/=-]+")  # holds the number in base64
_ISO_TIME = r"(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HASH = r"(?<![0-9A-Za-z])(?=\d*[a-f])[0-9a-f]{16}(?:[0-9a-f]{16}|[0-9a-f]{24}|[0-9a-f]{48})?(?![0-9A-Za-z])"
_HARMLESS = re.compile(f"({_UUID}|{_HASH}|{_ISO_TIME})")
_HIDDEN = "•••"
_SECRETS = (
    (re.compile(r"\beyJ[\w-]{5,}(?:\.[\w-]*){1,4}"), _HIDDEN),  # a JWT
    (re.compile(r"\bbma_[\w-]{8,}"), _HIDDEN),  # a service token
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.+/=~-]{8,}"), rf"\1 {_HIDDEN}"),
    (re.compile(r"(://[^\s/:@]*):[^\s/@]+@"), rf"\1:{_HIDDEN}@"),  # a password in an address
    (re.compile(r"(/(?:t/o|t/c|u|p)/)[\w.=-]{16,}"), rf"\1{_HIDDEN}"),  # our signed links
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|authorization|api[_-]?key|signature|cookie)"
            r"[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;}]{4,}"
        ),
        rf"\1{_HIDDEN}",
    ),
    # Long, and of capitals, small letters and digits mixed: a provider's token.
    (re.compile(r"(?<![\w+/=-])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*[a-z])(?=(?:[\w+/=-]*\d){3})[\w+/=-]{40,}"), _HIDDEN),
)
_SECRET_KEY = re.compile(r"(?i)(?:^|_|-)(?:password|passwd|secret|token|authorization|cookie|api_?key|signature)$")
_DEEPEST = 8


def _mask_phone(match: re.Match[str]) -> str:
    text = match.group(0)
    if sum(char.isdigit() for char in text) < 9:
        return text
    return f"{text[:4]}…{text[-2:]}"


def mask_text(text: str) -> str:
    """Mask every email address, phone number, LINE user id and token in a text; ids and times stay."""
    for secret, hidden in _SECRETS:
        text = secret.sub(hidden, text)
    text = _EMAIL.sub(lambda match: f"{match.group(1) or ''}…{match.group(2)}", text)
    text = _WHATSAPP_MESSAGE.sub(lambda match: f"wamid.…{match.group(0)[-4:]}", text)
    text = _CHAT_USER.sub(r"\1…", text)
    parts = _HARMLESS.split(text)  # every second one is harmless
    parts[::2] = [_PHONE.sub(_mask_phone, part) for part in parts[::2]]
    return "".join(parts)


def mask_value(value: Any, *, depth: int = 0) -> Any:
    """Mask whatever can be logged: texts in lists and mappings too, their keys, long numbers, objects by their repr."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**8 else mask_text(str(value))
    if isinstance(value, str):
        return mask_text(str(value))
    if isinstance(value, bytes | bytearray):
        return mask_text(bytes(value).decode("utf-8", "replace"))
    if depth >= _DEEPEST:
        return mask_text(repr(value))
    if isinstance(value, Mapping):
        return {
            mask_text(str(key)): _HIDDEN if _SECRET_KEY.search(str(key)) else mask_value(each, depth=depth + 1)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value(each, depth=depth + 1) for each in value]
    return mask_text(repr(value))


def mask_address(address: str | None) -> str | None:
    """Mask one channel address so that its owner could recognise it and nobody could use it."""
    if not address:
        return address
    if "@" in address:
        return _EMAIL.sub(lambda match: f"{match.group(1) or ''}…{match.group(2)}", address)
    return f"{address[:4]}…{address[-2:]}" if len(address) > 8 else "…"
