"""What the stand-in providers count of what they took, asked for as the real ones are.

LINE counts by days of UTC+9 and has yesterday's count only today; WhatsApp counts by template and UTC day.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.answers import graph_error
from sandbox.people import Taken, reactions

_JAPAN = timezone(timedelta(hours=9))
_FIRST_LINE_DAY = "20180331"
_LOOK_BACK = timedelta(days=90)
_MOST_TEMPLATES = 10
_PAGE = 25
_MONTHLY_QUOTA = 15_000


class Counters:
    """The counters of both stand-ins, over the messages they have taken (``taken``) by their clock (``now``)."""

    def __init__(
        self,
        *,
        taken: Mapping[Any, Taken],
        now: Callable[[], datetime],
        seed: int,
        speed: float,
        whatsapp_token: str,
        line_token: str,
    ) -> None:
        self._taken, self._now, self._seed, self._speed = taken, now, seed, speed
        self._whatsapp_token, self._line_token = whatsapp_token, line_token
        self.submitted: dict[tuple[str, str], dict[str, Any]] = {}

    def submit(self, rows: list[dict[str, Any]]) -> None:
        """Have templates reviewed: ``name``, ``language``, and what else of the list's fields is not as usual."""
        self.submitted.update({(row["name"], row["language"]): row for row in rows})

    def routes(self) -> list[Route]:
        """Return the routes of the counters."""
        return [
            Route("/v2/bot/message/quota", self.quota),
            Route("/v2/bot/message/quota/consumption", self.consumption),
            Route("/v2/bot/message/delivery/{kind}", self.delivery),
            Route("/{version}/{account}/message_templates", self.templates),
            Route("/{version}/{account}/template_analytics", self.analytics),
        ]

    async def quota(self, request: Request) -> Response:
        """Tell the month's quota of LINE messages."""
        return self._line(request) or JSONResponse({"type": "limited", "value": _MONTHLY_QUOTA})

    async def consumption(self, request: Request) -> Response:
        """Tell how much of it is used."""
        month = f"{self._now().astimezone(_JAPAN):%Y%m}"
        used = sum(f"{at.astimezone(_JAPAN):%Y%m}" == month for at in self._times("line", "push", "multicast"))
        return self._line(request) or JSONResponse({"totalUsage": used})

    async def delivery(self, request: Request) -> Response:
        """Tell how many messages of a kind (push, multicast …) were sent on a day of UTC+9."""
        if refusal := self._line(request):
            return refusal
        day = request.query_params.get("date", "")
        if not re.fullmatch(r"\d{8}", day):
            return JSONResponse({"message": "The value for the 'date' parameter is invalid"}, 400)
        if day < _FIRST_LINE_DAY:
            return JSONResponse({"status": "out_of_service"})
        if day >= f"{self._now().astimezone(_JAPAN):%Y%m%d}":
            return JSONResponse({"status": "unready"})
        times = self._times("line", request.path_params["kind"])
        return JSONResponse(
            {"status": "ready", "success": sum(f"{at.astimezone(_JAPAN):%Y%m%d}" == day for at in times)}
        )

    async def templates(self, request: Request) -> Response:
        """List the account's templates: those submitted, and those it has been asked to send, one per language."""
        if refusal := self._graph(request):
            return refusal
        known = [
            {
                "id": _template_id(name, language),
                "name": name,
                "language": language,
                "status": "APPROVED",
                "category": "UTILITY",
                "quality_score": {"score": "GREEN"},
                **self.submitted.get((name, language), {}),
            }
            for name, language in self._known_templates()
        ]
        return _page(request, known)

    async def analytics(self, request: Request) -> Response:
        """Tell how often templates were sent, delivered and read, by UTC day of sending."""
        if refusal := self._graph(request):
            return refusal
        asked = request.query_params
        ids = re.findall(r"\d+", asked.get("template_ids", ""))
        if not 0 < len(ids) <= _MOST_TEMPLATES:
            return graph_error(400, 100, "Param template_ids must have between 1 and 10 elements")
        if asked.get("granularity", "").upper() != "DAILY":
            return graph_error(400, 100, "Param granularity must be DAILY")
        try:
            first, last = (_day(datetime.fromtimestamp(int(asked[name]), UTC)) for name in ("start", "end"))
        except (KeyError, ValueError):
            return graph_error(400, 100, "Params start and end are required")
        if first < _day(self._now()) - _LOOK_BACK:
            return graph_error(400, 100, "Param start must lie within the last 90 days")
        points = [point for point in self._points(set(ids)) if first.timestamp() <= point["start"] <= last.timestamp()]
        answer = _page(request, points)
        body = json.loads(bytes(answer.body))
        body["data"] = [{"granularity": "DAILY", "product_type": "cloud_api", "data_points": body["data"]}]
        return JSONResponse(body)

    def _points(self, ids: set[str]) -> Iterator[dict[str, Any]]:
        counted: Counter[tuple[str, datetime, str]] = Counter()
        for message in list(self._taken.values()):
            key = _template_id(message.template, message.language)
            if message.channel == "whatsapp" and key in ids:
                for at in message.times:
                    counted.update((key, _day(at), status) for status in self._statuses(message, at))
        for key, day in sorted({(key, day) for key, day, _ in counted}):
            counts = {status: counted[key, day, status] for status in ("sent", "delivered", "read")}
            start = int(day.timestamp())
            yield {"template_id": key, "start": start, "end": start + 86_400, **counts}

    def _statuses(self, message: Taken, at: datetime) -> set[str]:
        """Return what a copy taken ``at`` has come to by now; what its person does is decided by the seed."""
        reached = {
            detail["status"]
            for delay, act, detail in reactions(self._seed, message)
            if act == "status" and at + delay / self._speed <= self._now()
        }
        # Read implies delivered, and either implies sent: statuses overtake each other.
        delivered = {"delivered"} if "read" in reached else set()
        sent = {"sent"} if reached & {"delivered", "read"} else set()
        return (reached | delivered | sent) - {"failed"}

    def _known_templates(self) -> list[tuple[str, str]]:
        sent = {(each.template, each.language) for each in list(self._taken.values()) if each.template}
        return sorted(sent | self.submitted.keys())

    def _times(self, channel: str, *kinds: str) -> Iterator[datetime]:
        for message in list(self._taken.values()):
            if message.channel == channel and message.kind in kinds:
                yield from message.times

    def _line(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self._line_token}":
            return None
        return JSONResponse({"message": "Authentication failed"}, 401)

    def _graph(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self._whatsapp_token}":
            return None
        return graph_error(401, 190, "Error validating access token")


def _template_id(name: str, language: str) -> str:
    return str(int(hashlib.sha256(f"{name}:{language}".encode()).hexdigest()[:12], 16))


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _page(request: Request, rows: list[dict[str, Any]]) -> JSONResponse:
    """Answer one page as the Graph API does: a cursor after it, and ``next`` only where there is more."""
    start = int(request.query_params.get("after") or 0)
    size = min(int(request.query_params.get("limit") or _PAGE), _PAGE)
    end = start + size
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(end)}}
    if end < len(rows):
        paging["next"] = str(request.url.include_query_params(after=end))
    return JSONResponse({"data": rows[start:end], "paging": paging})
