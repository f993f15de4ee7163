"""Errors of the API as ``application/problem+json`` (RFC 9457), each saying what to do next."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from core import faults
from core.errors import PermanentError, TransientError
from core.logs import get_logger

API = "/api/"


class Problem(BaseModel):
    """A problem document; some have members of their own."""

    model_config = ConfigDict(extra="allow")
    type: str = Field(description="For programs: `urn:bma:problem:` and a name.")
    title: str
    status: int
    detail: str = Field(description="What to do.")
    instance: str
    request_id: str | None = Field(description="Find it in the log by this.")


_DOCUMENT = {"content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
# For the OpenAPI document: what any request may be answered instead.
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Not as asked: `detail` says what to do.", **_DOCUMENT},
    "5XX": {"description": "Not now (503, with `Retry-After`), or a fault of ours.", **_DOCUMENT},
}


class ProblemError(Exception):
    """What went wrong: status, a name for programs, words for people, headers to send along, members of its own."""

    def __init__(
        self, status: int, name: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail, self.headers = status, name, detail, dict(headers or {})
        self.more = more


def add_handlers(app: Starlette) -> None:
    """Let every error of the API leave as a problem document; the other doors keep their plain words."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(PermanentError, _permanent)
    app.add_exception_handler(TransientError, _transient)
    app.add_exception_handler(Exception, _unexpected)


def answer(
    request: Request, status: int, name: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return the document, with the request's id so that it can be found in the log."""
    body = {
        "type": f"urn:bma:problem:{name}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", None),
        **more,
    }
    sent = {**getattr(request.state, "rate_headers", {}), **(headers or {})}
    return JSONResponse(body, status, headers=sent, media_type="application/problem+json")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 -- what it is registered for
    return answer(request, error.status, error.name, error.detail, error.headers, **error.more)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- what it is registered for
    if not request.url.path.startswith(API):
        return PlainTextResponse(str(error.detail), error.status_code, headers=error.headers)
    return answer(request, error.status_code, "http", str(error.detail), error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- what it is registered for
    # What was sent is not repeated: it may be an address.
    wrong = [{"where": ".".join(map(str, each["loc"])), "why": each["msg"]} for each in error.errors()]
    return answer(request, 422, "invalid", "some values do not fit: see `wrong`", wrong=wrong)


async def _permanent(request: Request, error: Exception) -> Response:
    return answer(request, 400, "permanent", str(error))


async def _transient(request: Request, error: Exception) -> Response:
    assert isinstance(error, TransientError)  # noqa: S101 -- what it is registered for
    return answer(request, 503, "try-again", str(error), {"Retry-After": str(round(error.retry_after or 5))})


async def _unexpected(request: Request, error: Exception) -> Response:
    # Outside of what the request bound to its log lines: its id has to be said.
    request_id = getattr(request.state, "request_id", None)
    get_logger().error("a fault of ours", path=request.url.path, request_id=request_id, exc_info=error)
    faults.report(error)
    return answer(request, 500, "fault", "a fault of ours; tell the operators the request_id")
