"""WhatsApp's counts: how often each template was sent, delivered and read, per UTC day, 90 days back."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from core.errors import HouseError, PermanentError, TransientError
from core.settings import Settings
from pipelines.providers.client import CounterClient, body_of, by_status
from pipelines.providers.tables import Counted

CHANNEL = "whatsapp"
LOOK_BACK_DAYS = 90
API_VERSION = "v23.0"
_MOST_TEMPLATES = 10  # in one request
_METRICS = ("sent", "delivered", "read")
_DAY = timedelta(days=1)
# Meta documents no delay, but says its counters come late; what is younger than this is not held against ours.
_SETTLES = timedelta(hours=3)
# Of the Graph API: unknown fault, service down, too many calls of the app, the user, the page, the account.
_TRANSIENT = frozenset({1, 2, 4, 17, 32, 613, 80007})
_TOKEN = frozenset({0, 3, 10, 190, *range(200, 300)})


def refusal(response: httpx.Response, text: str) -> HouseError:
    """Say what a refusal asks for: the error's code decides, never the HTTP status."""
    error = body_of(response).get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return by_status(response, text)
    text = f"{text}: {str(error.get('message', ''))[:200]}"
    if error["code"] in _TOKEN:
        return PermanentError(f"{text}. Check BMA_WHATSAPP_TOKEN: it needs the permission whatsapp_business_management")
    if error["code"] in _TRANSIENT or error.get("is_transient") is True or response.status_code >= 500:
        return TransientError(text)
    return PermanentError(
        f"{text}. Check BMA_WHATSAPP_BUSINESS_ACCOUNT_ID, and that template insights are confirmed in WhatsApp Manager"
    )


def closed_by(settings: Settings) -> str:
    """Name the settings that keep the account's lists closed; empty when none does."""
    needed = {
        "BMA_WHATSAPP_TOKEN": settings.whatsapp_token.get_secret_value(),
        "BMA_WHATSAPP_BUSINESS_ACCOUNT_ID": settings.whatsapp_business_account_id,
    }
    return " and ".join(name for name, value in needed.items() if not value)


def read(client: CounterClient, *, account_id: str, now: datetime, days: int) -> Counted:
    """Ask for the last ``days`` whole UTC days (90 at most). Raises PermanentError or TransientError.

    A template has an id per language; they are added up under its name, which is ours too. A day without a number
    is a day without a message.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    asked = [today - back * _DAY for back in range(1, min(days, LOOK_BACK_DAYS) + 1)]
    names = _names(client, account_id)
    counted: dict[tuple[str, datetime], Counter[str]] = {
        (name, day): Counter() for name in names.values() for day in asked
    }
    for point in _points(client, account_id, names, first=asked[-1], last=today):
        key = (names.get(str(point["template_id"]), ""), datetime.fromtimestamp(point["start"], UTC))
        if key in counted:
            counted[key].update({metric: int(point.get(metric, 0)) for metric in _METRICS})
    return Counted([_total(*key, counts, now) for key, counts in counted.items()], [])


def _names(client: CounterClient, account_id: str) -> dict[str, str]:
    path = f"/{API_VERSION}/{account_id}/message_templates"
    try:
        return {
            str(entry["id"]): str(entry["name"])
            for entry in client.pages(path, {"fields": "id,name,language,status", "limit": 100})
        }
    except (KeyError, TypeError) as error:
        raise PermanentError(f"WhatsApp lists its templates in an unknown shape: {error!r}") from error


def _points(
    client: CounterClient, account_id: str, ids: Iterable[str], *, first: datetime, last: datetime
) -> Iterable[dict[str, Any]]:
    path = f"/{API_VERSION}/{account_id}/template_analytics"
    wanted = sorted(ids)
    for begin in range(0, len(wanted), _MOST_TEMPLATES):
        parameters: dict[str, str | int] = {
            "start": int(first.timestamp()),
            "end": int(last.timestamp()),
            "granularity": "DAILY",
            "metric_types": ",".join(_METRICS).upper(),
            "template_ids": f"[{','.join(wanted[begin : begin + _MOST_TEMPLATES])}]",
        }
        try:
            for group in client.pages(path, parameters):
                for point in group["data_points"]:
                    yield {**point, "template_id": point["template_id"], "start": int(point["start"])}
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError(f"WhatsApp tells its template analytics in an unknown shape: {error!r}") from error


def _total(name: str, day: datetime, counts: Counter[str], now: datetime) -> dict[str, Any]:
    is_ready = now >= day + _DAY + _SETTLES
    return {
        "channel": CHANNEL,
        "counter": "template",
        "template_name": name,
        "starts_at": day,
        "ends_at": day + _DAY,
        "status": "ready" if is_ready else "unready",
        **{metric: counts[metric] if is_ready else None for metric in _METRICS},
    }
