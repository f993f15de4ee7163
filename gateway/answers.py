"""Answers to people who gave a code on LINE: sent once what they gave is committed, beside what is still coming in."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from core.settings import Settings
from core.store.line_links import Result
from senders.line.linking import Replies, answer_to


class Answer(NamedTuple):
    """What is owed to somebody who gave a code; without a reply token nothing can be said."""

    reply_token: str
    result: Result


class Answers:
    """Sends answers without anybody waiting for them; without a LINE token it stays silent."""

    def __init__(self, settings: Settings) -> None:
        token = settings.line_token.get_secret_value()
        self._replies = Replies(url=settings.line_url, token=token) if token else None
        self._under_way: set[asyncio.Task[bool]] = set()

    def send(self, answers: Sequence[Answer]) -> None:
        """Begin to send; call in the event loop that serves."""
        if self._replies is None:
            return
        for answer in answers:
            if answer.reply_token:
                sending = asyncio.create_task(self._replies.send(answer.reply_token, answer_to(answer.result)))
                self._under_way.add(sending)
                sending.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Wait for what is under way, then close the connections."""
        await asyncio.gather(*self._under_way)
        if self._replies is not None:
            await self._replies.close()
