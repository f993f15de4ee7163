"""Contact details: how they are masked wherever a person without the right could read them."""

import re

_EMAIL = re.compile(r"([\w.+-])[\w.+-]*(@[\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"\+?\d[\d\s().-]{7,17}\d")
_LINE_USER = re.compile(r"\bU[0-9a-f]{32}\b")
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _mask_phone(match: re.Match[str]) -> str:
    text = match.group(0)
    if _ISO_TIME.match(text) or sum(char.isdigit() for char in text) < 9:
        return text
    return f"{text[:4]}…{text[-2:]}"


def mask_text(text: str) -> str:
    """Mask every email address, phone number and LINE user id in a text; ids and times stay."""
    if _UUID.fullmatch(text):
        return text
    text = _EMAIL.sub(r"\1…\2", text)
    text = _LINE_USER.sub(lambda match: f"{match.group(0)[:4]}…", text)
    parts = _UUID.split(text)
    ids = [*_UUID.findall(text), ""]
    return "".join(_PHONE.sub(_mask_phone, part) + ident for part, ident in zip(parts, ids, strict=True))


def mask_address(address: str | None) -> str | None:
    """Mask one channel address so that its owner could recognise it and nobody could use it."""
    if not address:
        return address
    if "@" in address:
        return _EMAIL.sub(r"\1…\2", address)
    return f"{address[:4]}…{address[-2:]}" if len(address) > 8 else "…"
