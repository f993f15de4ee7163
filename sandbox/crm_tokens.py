"""The stand-in CRM's tokens: signed as the original signs them, and the one that does not expire."""

import hashlib
import time
import uuid
from datetime import timedelta

import jwt

from sandbox.crm_dealings_rows import ADMIN


def machine_token(secret: str) -> str:
    """Return the token that does not expire."""
    return hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()


def tokens(secret: str) -> dict[str, str]:
    """Return an access and a refresh token of the administrator."""
    issued = int(time.time())
    claims = {"iat": issued, "jti": uuid.uuid4().hex, "user_id": ADMIN}
    lives = {"access": timedelta(hours=1), "refresh": timedelta(days=7)}
    return {
        name: jwt.encode(
            {"token_type": name, "exp": issued + int(life.total_seconds()), **claims}, secret, algorithm="HS256"
        )
        for name, life in lives.items()
    }


def is_token(secret: str, token: str, kind: str) -> bool:
    """Say whether a token is ours, of that kind and not over."""
    try:
        return bool(jwt.decode(token, secret, algorithms=["HS256"])["token_type"] == kind)
    except jwt.InvalidTokenError:
        return False
