"""What WhatsApp tells us of our templates and our account: sending must know it before the next message fails."""

from collections.abc import Iterator
from typing import Any

from core.errors import PermanentError
from core.vocabulary import Channel
from senders.inbound import ProviderWord

_TEMPLATE = "message_template_status_update"
# A template's event and the status it has from then on; those that leave it as it was have none.
TEMPLATE_EVENTS = {
    "APPROVED": "approved",
    "REINSTATED": "approved",
    "UNPAUSED": "approved",
    "PAUSED": "paused",
    "LOCKED": "paused",
    "LIMIT_EXCEEDED": "paused",
    "REJECTED": "rejected",
    "DISABLED": "disabled",
    "ARCHIVED": "disabled",
    "PENDING_DELETION": "disabled",
    "DELETED": "disabled",
    "PENDING": "",
    "IN_APPEAL": "",
    "FLAGGED": "",
}
# What ends sending by the account. Meta takes some of it back; whether all is well again a person must see.
_STOPS = frozenset({"ACCOUNT_DELETED", "ACCOUNT_RESTRICTION", "DISABLED_UPDATE"})
FIELDS = frozenset(
    {
        _TEMPLATE,
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
        "phone_number_quality_update",
        "phone_number_name_update",
        "business_capability_update",
        "account_update",
        "account_alerts",
        "account_review_update",
        "security",
    }
)


def read(field: str, value: dict[str, Any]) -> Iterator[ProviderWord]:
    """Yield what a change of a field says. Raises PermanentError for a template event nobody has described."""
    says = str(value.get("event", ""))
    name = str(value.get("message_template_name", ""))
    # Meta's own sample of a quality update comes under the name of a status update.
    if field == _TEMPLATE and "new_quality_score" not in value:
        if says not in TEMPLATE_EVENTS:
            raise PermanentError(f"template event {says!r}, which nobody has described yet")
        language = str(value["message_template_language"])
        yield ProviderWord(Channel.WHATSAPP, f"{field} {says}", name, language, TEMPLATE_EVENTS[says])
        return
    is_back = str(value.get("ban_info", {}).get("waba_ban_state", "")) == "REINSTATE"
    must_stop = field == "account_update" and says in _STOPS and not is_back
    yield ProviderWord(Channel.WHATSAPP, f"{field} {says}".strip(), name, must_stop=must_stop)
