"""What is set up, what is closed, what is stale: the first thing to run when something looks wrong."""

from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from assets.steps import Steps
from core.store import campaigns, outbox
from warehouse import publish

_SECRETS = {
    "whatsapp": ("whatsapp_token", "whatsapp_app_secret"),
    "line": ("line_token", "line_channel_secret"),
    "email": ("smtp_host", "smtp_from"),
    "links": ("link_secret",),
    "crm": ("crm_username", "crm_password"),
    "api": ("jwt_secret",),
}


def examine(steps: Steps) -> dict[str, Any]:
    """Return what is open, what is closed and by which setting, and the problems found."""
    closed = {}
    for door, names in _SECRETS.items():
        missing = [f"BMA_{name.upper()}" for name in names if not _is_set(getattr(steps.settings, name))]
        if missing:
            closed[door] = f"set {' and '.join(missing)} to open it"
    problems = []
    counts: dict[str, int] = {}
    holds: dict[str, str] = {}
    try:
        with steps.store.connect() as connection:
            counts = outbox.counts(connection)
            holds = campaigns.standing_holds(connection)
    except SQLAlchemyError as error:
        problems.append(f"the store does not answer: {error}")
    if counts.get("in_doubt"):
        problems.append(f"{counts['in_doubt']} messages are in doubt: see `bma doubt list`, or Data health")
    newest = publish.newest(steps.settings.serve_dir)
    if newest is None:
        problems.append("nothing is published: run `bma sync crm`, `bma sync journal`, `bma build`, `bma publish`")
    return {
        "open": sorted(set(_SECRETS) - set(closed)),
        "closed": closed,
        "messages": counts,
        "holds": holds,
        "published_at": newest.published_at if newest else None,
        "problems": problems,
    }


def _is_set(value: Any) -> bool:
    return bool(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
