"""How often somebody may ask: per caller, and per address for those who could not sign in."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from fastapi import Request

from core.store import request_counts
from gateway.problems import ProblemError

_WINDOW_SECONDS = 60


@dataclass(frozen=True)
class RateLimits:
    """Requests a minute: of one who is signed in, and of an address that could not."""

    callers: int = 600
    strangers: int = 30


@dataclass(frozen=True)
class Rates:
    """Counts requests in the store, over all processes."""

    engine: sa.Engine
    limits: RateLimits = RateLimits()

    def take(self, request: Request, caller: str, most: int, now: datetime) -> None:
        """Count a request and note the ``RateLimit`` headers (draft-ietf-httpapi-ratelimit-headers-10) for the answer.

        Raises ProblemError 429 when it is one too many.
        """
        with self.engine.begin() as connection:
            counted = request_counts.count(connection, caller, now)
        seconds = _WINDOW_SECONDS - now.second
        request.state.rate_headers = {
            "RateLimit-Policy": f'"minute";q={most};w={_WINDOW_SECONDS}',
            "RateLimit": f'"minute";r={max(0, most - counted)};t={seconds}',
        }
        if counted > most:
            raise ProblemError(
                429, "too-many-requests", f"at most {most} requests a minute", headers={"Retry-After": str(seconds)}
            )
