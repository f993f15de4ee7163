"""LINE Messaging API: push to one person or multicast to many, with a key that makes a repeat harmless for 24 hours."""

import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from core.ids import derived_id
from core.vocabulary import Channel, ErrorClass
from senders.contract import WITHHELD, Accepted, Answer, MayGo, NotSent, Outgoing, Rejected, Unknown, always
from senders.errors import classify
from senders.http import HttpPort, NoAnswerError, NotWrittenError, Response

_PUSH, _MULTICAST = "/v2/bot/message/push", "/v2/bot/message/multicast"
_QUOTA = "You have reached your monthly limit."
_NOBODY = "Failed to send messages"


class LineSender:
    """One official account."""

    channel = Channel.LINE
    knows_repeats = True
    most_alike = 500  # people in one multicast; source: Messaging API reference

    def __init__(self, *, url: str, token: str) -> None:
        self._http = HttpPort(url, {"Authorization": f"Bearer {token}"})

    async def send(self, message: Outgoing, may_go: MayGo = always) -> Answer:
        """Push a text. The same message always carries the same key, from the first attempt on."""
        answer = await self._post(_PUSH, payload(message), retry_key(message.message_id), may_go)
        if isinstance(answer, Rejected) and answer.error_code == "400" and answer.reason.endswith(_NOBODY):
            return Rejected(ErrorClass.PERMANENT_RECIPIENT, "400", f"LINE does not know this user any more: {_NOBODY}")
        return answer

    async def send_alike(self, messages: Sequence[Outgoing], batch_id: str, may_go: MayGo = always) -> Answer:
        """Multicast one text. A refusal means that nobody got it; the batch always carries the same key and people."""
        people = sorted(message.address for message in messages)
        body = {"to": people, "messages": [{"type": "text", "text": messages[0].text}]}
        return await self._post(_MULTICAST, body, retry_key(batch_id), may_go)

    async def _post(self, path: str, body: dict[str, Any], key: str, may_go: MayGo) -> Answer:
        try:
            response = await self._http.post(path, orjson.dumps(body), {"X-Line-Retry-Key": key}, may_go)
        except NotWrittenError as error:
            return NotSent(str(error))
        except NoAnswerError as error:
            return Unknown(str(error))
        return WITHHELD if response is None else translate(response)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def retry_key(message_id: str) -> str:
    """Derive the key LINE recognises a repeat by, from a message's or a batch's id."""
    return str(uuid.UUID(derived_id("line-retry", message_id)))


def payload(message: Outgoing) -> dict[str, Any]:
    """Return the request body of a push."""
    return {"to": message.address, "messages": [message.flex or {"type": "text", "text": message.text}]}


def translate(response: Response) -> Answer:
    """Read the answer; 409 says that an earlier attempt was accepted."""
    try:
        body = orjson.loads(response.body or b"{}")
        text = str(body.get("message", ""))
        if response.status in {200, 409}:
            sent = body.get("sentMessages") or [{}]
            request_id = response.header("x-line-accepted-request-id") or response.header("x-line-request-id")
            return Accepted(sent[0].get("id") or request_id)
    except (ValueError, AttributeError, IndexError):
        return Unknown(f"the answer ({response.status}) makes no sense")
    if response.status >= 500:
        return Unknown(f"LINE answered {response.status}: it may have been taken")
    code = "429.quota" if response.status == 429 and text == _QUOTA else str(response.status)
    error_class, meaning = classify(Channel.LINE, code)
    after = response.header("retry-after")
    return Rejected(str(error_class), code, f"{meaning}: {text}", float(after) if after.isdigit() else None)
