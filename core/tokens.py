"""Signed tokens for links and return addresses: what they name cannot be guessed or changed."""

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache

from core.errors import PermanentError

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SIGNATURE_BYTES = 16  # 128 bits: forging one by trial is out of reach, and links stay short


@lru_cache(maxsize=64)
def _keyed(secret: str, kind: str) -> "hashlib.blake2b":
    key = hashlib.sha256(secret.encode()).digest()
    return hashlib.blake2b(kind.encode() + b"\0", key=key, digest_size=_SIGNATURE_BYTES)


def _signature(secret: str, kind: str, payload: bytes) -> bytes:
    signing = _keyed(secret, kind).copy()
    signing.update(payload)
    return signing.digest()


def _earlier_signature(secret: str, kind: str, payload: bytes) -> bytes:
    """Sign as the links of mails sent before BLAKE2 are signed: people have them in their mailboxes."""
    return hmac.digest(secret.encode(), kind.encode() + b"\0" + payload, "sha256")[:_SIGNATURE_BYTES]


def sign(secret: str, kind: str, *parts: str) -> str:
    """Return a URL-safe token that carries ``parts`` for one kind of use.

    Raises PermanentError when the secret is empty: nothing may be signed with nothing.
    """
    if not secret:
        raise PermanentError("BMA_LINK_SECRET is empty: set it, links cannot be signed without it")
    payload = "\x1f".join(parts).encode()
    token = binascii.b2a_base64(_signature(secret, kind, payload) + payload, newline=False)
    return token.translate(_URL_SAFE, b"=").decode()


def verify(secret: str, kind: str, token: str) -> tuple[str, ...]:
    """Return the parts that ``sign`` put in. Raises PermanentError for a forged, foreign or broken token."""
    if not secret:
        raise PermanentError("BMA_LINK_SECRET is empty: no token is accepted")
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        given, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        is_ours = any(
            hmac.compare_digest(given, signature(secret, kind, payload))
            for signature in (_signature, _earlier_signature)
        )
        parts = tuple(payload.decode().split("\x1f"))
    except (binascii.Error, ValueError) as error:
        raise PermanentError(f"broken {kind} token") from error
    if not is_ours:
        raise PermanentError(f"forged {kind} token")
    return parts
