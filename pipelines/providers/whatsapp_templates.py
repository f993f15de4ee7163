"""WhatsApp's list of our templates: approval, pause and quality of each, in our words."""

import re
from typing import Any

import httpx

from core.errors import PermanentError
from core.settings import Settings
from core.store.provider_templates import Listed
from pipelines.providers.client import CounterClient
from pipelines.providers.whatsapp import API_VERSION, closed_by, refusal

# Only APPROVED may be sent; what waits for Meta waits here too.
_STATUSES = {
    "APPROVED": "approved",
    "PENDING": "pending",
    "IN_APPEAL": "rejected",
    "REJECTED": "rejected",
    "PAUSED": "paused",
    "LOCKED": "paused",
    "LIMIT_EXCEEDED": "paused",
    "DISABLED": "disabled",
    "ARCHIVED": "disabled",
    "PENDING_DELETION": "disabled",
    "DELETED": "disabled",
}
_QUALITIES = {"GREEN": "green", "YELLOW": "yellow", "RED": "red"}
_FIELDS = "id,name,language,status,category,quality_score,components"
_VALUE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def read_templates(settings: Settings, transport: httpx.BaseTransport | None = None) -> list[Listed]:
    """Ask for every template of the account, all pages. Raises PermanentError or TransientError.

    A status that nobody has described stops the reading: it must not be taken for a yes.
    """
    if closed := closed_by(settings):
        raise PermanentError(f"WhatsApp is closed: set {closed} to open it")
    account_id, token = settings.whatsapp_business_account_id, settings.whatsapp_token.get_secret_value()
    with CounterClient(
        name="WhatsApp", url=settings.whatsapp_url, token=token, refusal=refusal, transport=transport
    ) as client:
        path = f"/{API_VERSION}/{account_id}/message_templates"
        return [_listed(each) for each in client.pages(path, {"fields": _FIELDS, "limit": 100})]


def _listed(entry: dict[str, Any]) -> Listed:
    try:
        status, name, language = str(entry["status"]).upper(), str(entry["name"]), str(entry["language"])
    except (KeyError, TypeError) as error:
        raise PermanentError(f"WhatsApp lists its templates in an unknown shape: {error!r}") from error
    if status not in _STATUSES:
        raise PermanentError(f"WhatsApp lists {name} with status {status!r}, which nobody has described yet")
    score = (entry.get("quality_score") or {}).get("score", "")
    bodies = [part.get("text", "") for part in entry.get("components", ()) if part.get("type") == "BODY"]
    parameters = len(set(_VALUE.findall(bodies[0]))) if bodies else None
    return Listed(name, language, _STATUSES[status], _QUALITIES.get(str(score).upper()), parameters)
