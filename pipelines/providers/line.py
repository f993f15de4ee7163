"""LINE's counts: push and multicast messages per day of UTC+9, the month's quota and what is used of it."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import httpx

from core.errors import HouseError, PermanentError
from pipelines.providers.client import CounterClient, body_of, by_status
from pipelines.providers.tables import Counted

CHANNEL = "line"
ZONE = timezone(timedelta(hours=9))
_COUNTERS = ("push", "multicast")
# What LINE says of a day: counted, not yet, before its counters began, or too few to tell without naming people.
STATUSES = frozenset({"ready", "unready", "out_of_service", "unavailable_for_privacy"})


def refusal(response: httpx.Response, text: str) -> HouseError:
    """Say what a refusal asks for."""
    message = str(body_of(response).get("message", ""))[:200]
    if response.status_code in {401, 403}:
        return PermanentError(f"{text}: check BMA_LINE_TOKEN ({message})")
    return by_status(response, f"{text}: {message}")


def read(client: CounterClient, *, now: datetime, days: int) -> Counted:
    """Ask for the last ``days`` whole days and the current month. Raises PermanentError or TransientError."""
    today = now.astimezone(ZONE).date()
    asked = [today - timedelta(days=back) for back in range(1, days + 1)]
    totals = [_total(client, counter, day) for day in asked for counter in _COUNTERS]
    quota = client.get("/v2/bot/message/quota")
    used = client.get("/v2/bot/message/quota/consumption")
    try:
        limit = int(quota["value"]) if quota["type"] == "limited" else None
        month = {"channel": CHANNEL, "month": today.replace(day=1), "quota": limit, "used": int(used["totalUsage"])}
    except (KeyError, TypeError, ValueError) as error:
        raise PermanentError(f"LINE tells its quota in an unknown shape: {error!r}") from error
    return Counted(totals, [month])


def _total(client: CounterClient, counter: str, day: date) -> dict[str, Any]:
    answer = client.get(f"/v2/bot/message/delivery/{counter}", {"date": f"{day:%Y%m%d}"})
    status = answer.get("status")
    if status not in STATUSES:
        raise PermanentError(f"LINE says {status!r} of its {counter} messages of {day}, which nobody has described yet")
    if status == "ready" and not isinstance(answer.get("success"), int):
        raise PermanentError(f"LINE is ready with its {counter} messages of {day} but tells no number")
    return {
        "channel": CHANNEL,
        "counter": counter,
        "template_name": "",
        "starts_at": datetime.combine(day, time(), ZONE).astimezone(UTC),
        "ends_at": datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC),
        "status": status,
        "sent": answer["success"] if status == "ready" else None,
    }
