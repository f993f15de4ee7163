"""LINE Messaging API: push to one person, with a retry key that makes a repeat harmless for 24 hours."""

import json
import uuid
from typing import Any

from core.ids import derived_id
from core.vocabulary import Channel, ErrorClass
from senders.contract import Accepted, Answer, NotSent, Outgoing, Rejected, Unknown
from senders.errors import classify
from senders.http import HttpPort, NoAnswerError, NotWrittenError, Response

_PATH = "/v2/bot/message/push"
_QUOTA = "You have reached your monthly limit."
_NOBODY = "Failed to send messages"


class LineSender:
    """One official account."""

    channel = Channel.LINE
    knows_repeats = True

    def __init__(self, *, url: str, token: str) -> None:
        self._http = HttpPort(url, {"Authorization": f"Bearer {token}"})

    async def send(self, message: Outgoing) -> Answer:
        """Push a text. The same message always carries the same key, from the first attempt on."""
        headers = {"X-Line-Retry-Key": retry_key(message.message_id)}
        try:
            response = await self._http.post(_PATH, json.dumps(payload(message)).encode(), headers)
        except NotWrittenError as error:
            return NotSent(str(error))
        except NoAnswerError as error:
            return Unknown(str(error))
        return translate(response)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def retry_key(message_id: str) -> str:
    """Derive the key LINE recognises a repeat by."""
    return str(uuid.UUID(derived_id("line-retry", message_id)))


def payload(message: Outgoing) -> dict[str, Any]:
    """Return the request body."""
    return {"to": message.address, "messages": [{"type": "text", "text": message.text}]}


def translate(response: Response) -> Answer:
    """Read the answer; 409 says that an earlier attempt was accepted."""
    try:
        body = json.loads(response.body or b"{}")
        text = str(body.get("message", ""))
        if response.status in {200, 409}:
            sent = body.get("sentMessages") or [{}]
            request_id = response.headers.get("x-line-accepted-request-id") or response.headers.get("x-line-request-id")
            return Accepted(sent[0].get("id") or request_id)
    except (ValueError, AttributeError, IndexError):
        return Unknown(f"the answer ({response.status}) makes no sense")
    if response.status >= 500:
        return Unknown(f"LINE answered {response.status}: it may have been taken")
    code = "429.quota" if response.status == 429 and text == _QUOTA else str(response.status)
    error_class, meaning = classify(Channel.LINE, code)
    if response.status == 400 and text == _NOBODY:
        error_class, meaning = ErrorClass.PERMANENT_RECIPIENT, "LINE does not know this user any more"
    after = response.headers.get("Retry-After", "")
    return Rejected(str(error_class), code, f"{meaning}: {text}", float(after) if after.isdigit() else None)
