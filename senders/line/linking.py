"""What people read when they link their LINE to us, and how an answer reaches them: once, free of charge, at once."""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.logs import get_logger
from core.store.line_links import Result
from senders.http import HttpPort, NoAnswerError, NotWrittenError

_REPLY = "/v2/bot/message/reply"


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text())


def invitation() -> dict[str, str]:
    """Return what a person reads before sending a code, by language."""
    return dict(_words()["invitation"])


def answer_to(result: Result) -> str:
    """Return the answer to a code, in Thai and English."""
    words = _words()["answers"][result]
    return f"{words['th']}\n\n{words['en']}"


def chat_link(account: str, code: str) -> str:
    """Return the address that opens a chat with our account (``@…``) in which the code is typed already."""
    return f"https://line.me/R/oaMessage/{quote(account, safe='')}/?{quote(code, safe='')}" if account else ""


class Replies:
    """Answers to what a LINE user just wrote.

    A reply token is good once and for about a minute: an answer cannot be doubled, and one that is not sent at once is
    not owed any more. So nothing is kept, and a failure is told, not tried again.
    """

    def __init__(self, *, url: str, token: str) -> None:
        self._http = HttpPort(url, {"Authorization": f"Bearer {token}"}, timeout=10.0)

    async def send(self, reply_token: str, text: str) -> bool:
        """Answer; False when LINE did not take it."""
        body = {"replyToken": reply_token, "messages": [{"type": "text", "text": text}]}
        try:
            response = await self._http.post(_REPLY, json.dumps(body).encode())
        except (NotWrittenError, NoAnswerError) as error:
            get_logger().warning("an answer on LINE was not sent", reason=str(error))
            return False
        status = response.status if response else None
        if status != 200:
            get_logger().warning("an answer on LINE was refused", status=status)
        return status == 200

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
