"""The stand-in's answers on LINE: a reply token is good once, and the endpoint knows no retry key."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def words_of(message: dict[str, Any]) -> str:
    """Return what a person can read and tap of a message; a Flex message without altText has nothing."""
    if message.get("type") != "flex":
        return str(message.get("text", ""))
    return f"{message['altText']} {json.dumps(message.get('contents', {}))}" if message.get("altText") else ""


class LineReplies:
    """What was answered, by reply token."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}

    def take(self, request: Request, body: dict[str, Any]) -> Response:
        """Take an answer, as the reference says: one per token, one to five messages, no retry key."""
        if "x-line-retry-key" in request.headers:
            return JSONResponse({"message": "Retry key is not supported"}, 400)
        token, messages = body.get("replyToken", ""), body.get("messages", [])
        if not token or token in self.taken:
            return JSONResponse({"message": "Invalid reply token"}, 400)
        if not 0 < len(messages) <= 5 or any(not 0 < len(each.get("text", "")) <= 5000 for each in messages):
            return JSONResponse({"message": "The request body has 1 error(s)"}, 400)
        self.taken[token] = messages[0]["text"]
        return JSONResponse({"sentMessages": [{"id": str(len(self.taken))}]})

    async def listed(self, _request: Request) -> Response:
        """List the answers, by reply token."""
        return JSONResponse(self.taken)
