"""WhatsApp Cloud API: approved templates and answers in words, to one person each. It knows no idempotency key."""

from typing import Any

import orjson

from core.vocabulary import Channel, ErrorClass
from senders.contract import WITHHELD, Accepted, Answer, MayGo, NotSent, Outgoing, Rejected, Unknown, always
from senders.errors import classify
from senders.http import HttpPort, NoAnswerError, NotWrittenError, Response

API_VERSION = "v23.0"


class WhatsAppSender:
    """One business phone number."""

    channel = Channel.WHATSAPP
    knows_repeats = False

    def __init__(self, *, url: str, phone_number_id: str, token: str) -> None:
        self._path = f"/{API_VERSION}/{phone_number_id}/messages"
        self._http = HttpPort(url, {"Authorization": f"Bearer {token}"})

    async def send(self, message: Outgoing, may_go: MayGo = always) -> Answer:
        """Send a message whose status webhooks will carry our message id."""
        try:
            response = await self._http.post(self._path, orjson.dumps(payload(message)), may_go=may_go)
        except NotWrittenError as error:
            return NotSent(str(error))
        except NoAnswerError as error:
            return Unknown(str(error))
        return WITHHELD if response is None else translate(response)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


def payload(message: Outgoing) -> dict[str, Any]:
    """Return the request body: without a template's name it is free text."""
    common = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.address,
        "biz_opaque_callback_data": message.message_id,
    }
    if not message.template_name:
        return {**common, "type": "text", "text": {"preview_url": False, "body": message.text}}
    parameters = [{"type": "text", "text": value} for value in message.parameters]
    return {
        **common,
        "type": "template",
        "template": {
            "name": message.template_name,
            "language": {"code": message.language},
            "components": [{"type": "body", "parameters": parameters}],
        },
    }


def translate(response: Response) -> Answer:
    """Read the answer. The error's code decides, never the HTTP status: throttles come as 400."""
    try:
        body = orjson.loads(response.body)
        if response.status == 200:
            sent = body["messages"][0]
            return Accepted(sent["id"], is_held=sent.get("message_status") == "held_for_quality_assessment")
        code = str(body["error"]["code"])
    except (ValueError, KeyError, IndexError, TypeError):
        return Unknown(f"the answer ({response.status}) makes no sense")
    error_class, meaning = classify(Channel.WHATSAPP, code)
    if response.status >= 500 and error_class is ErrorClass.TRANSIENT:
        return Unknown(f"{meaning} (error {code}): it may have been taken")
    return Rejected(str(error_class), code, meaning, _retry_after(response))


def _retry_after(response: Response) -> float | None:
    text = response.header("retry-after")
    return float(text) if text.isdigit() else None
