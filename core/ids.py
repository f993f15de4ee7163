"""Identifiers: derived where a repeat must be recognised, random where it must not be guessed."""

import hashlib
import uuid
from collections.abc import Iterable

_NAMESPACE = uuid.UUID("9c2f4b0e-6a52-5d0b-8a52-1f1f6e1c7b11")
_NAMED = hashlib.sha1(_NAMESPACE.bytes, usedforsecurity=False)
_VARIANTS = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}


def derived_id(*parts: object) -> str:
    """Return the same UUID text for the same parts, so that doing a thing twice changes nothing."""
    name = "\x1f".join([str(part) for part in parts])
    # What uuid.uuid5 says, at a quarter of its cost: each webhook asks for one.
    digest = _NAMED.copy()
    digest.update(name.encode())
    text = digest.hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANTS[text[16]]}{text[17:20]}-{text[20:32]}"


def message_id(campaign_id: str, run_id: str, contact_id: str, step: str) -> str:
    """Derive the id of the one message a contact may get for a step of a run."""
    return derived_id("message", campaign_id, run_id, contact_id, step)


def random_id() -> str:
    """Return a new random UUID text."""
    return str(uuid.uuid4())


def bucket(*parts: Iterable[object] | object, buckets: int = 10_000) -> int:
    """Put something into one of ``buckets`` by its identity: stable between runs and machines."""
    return uuid.UUID(derived_id("bucket", *parts)).int % buckets
