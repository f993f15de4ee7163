"""The stand-in CRM's webhooks: signed, one delivery per change, repeated until they are taken.

The real CRM sends none; these are what a signal of a few lines there would send (docs/runbooks/crm-in-time.md). Like
such a signal they miss what moves no ``updated_at``: bulk edits and the CRM's own silent writes.
"""

import asyncio
import hashlib
import hmac
import json
import uuid
from datetime import datetime
from typing import Any

import aiohttp

_ATTEMPTS = 8
_MOST_CHANGES = 500


class Webhooks:
    """Tells one address of changed rows; without an address it tells nobody."""

    def __init__(self, url: str = "", secret: str = "") -> None:
        self._url, self._secret = url, secret
        self._under_way: set[asyncio.Task[None]] = set()

    def tell(self, rows: list[tuple[str, str]], now: datetime) -> None:
        """Send the rows' collections and ids, soon: whoever changed them does not wait."""
        if not self._url:
            return
        for start in range(0, len(rows), _MOST_CHANGES):
            changes = [{"collection": kind, "id": key} for kind, key in rows[start : start + _MOST_CHANGES]]
            notice = {"event_id": str(uuid.uuid4()), "occurred_at": now.isoformat(), "changes": changes}
            task = asyncio.get_running_loop().create_task(self._send(notice))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, notice: dict[str, Any]) -> None:
        body = json.dumps(notice).encode()
        signature = "sha256=" + hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-bma-signature": signature}
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            for attempt in range(_ATTEMPTS):
                try:
                    async with session.post(self._url, data=body, headers=headers) as answer:
                        if answer.status < 500:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(min(30.0, 0.25 * 2**attempt))
