"""How the stand-in CRM misbehaves when a test asks for it."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response

_HTML = "<!doctype html><html><head><title>Server Error (500)</title></head><body></body></html>"
_SIGNED_OUT = {"detail": "Given token not valid for any token type", "code": "token_not_valid", "messages": []}


class Faults:
    """Faults by path prefix, each striking a number of times."""

    def __init__(self) -> None:
        self._standing: list[dict[str, Any]] = []

    def add(self, *, path: str, kind: str, times: int = 1, after: int = 0, seconds: float = 0.0) -> None:
        """Set a fault (a key of ``_ANSWERS`` or ``_BENDS``, or slow); it spares the first ``after`` requests."""
        self._standing.append({"path": path, "kind": kind, "times": times, "after": after, "seconds": seconds})

    async def strike(self, path: str) -> Response | None:
        """Return the faulty answer to a request, or None when it is spared."""
        for fault in self._standing:
            if not path.startswith(fault["path"]) or not fault["times"] or fault["kind"] in _BENDS:
                continue
            if fault["after"]:
                fault["after"] -= 1
                continue
            fault["times"] -= 1
            if fault["kind"] == "slow":
                await asyncio.sleep(fault["seconds"])
                return None
            return _ANSWERS[fault["kind"]]()
        return None

    def bend(self, kind: str, page: dict[str, Any]) -> dict[str, Any]:
        """Change a page's records as a standing fault says."""
        for fault in self._standing:
            if fault["path"].endswith(f"/{kind}/") and fault["times"] and fault["kind"] in _BENDS:
                fault["times"] -= 1
                _BENDS[fault["kind"]](page["results"])
        return page


def _change_type(results: list[dict[str, Any]]) -> None:
    results[0]["created_at"] = 12


def _change_all_types(results: list[dict[str, Any]]) -> None:
    for row in results:
        row["created_at"] = 12


def _add_field(results: list[dict[str, Any]]) -> None:
    for row in results:
        row["new_field"] = "surprise"


_BENDS = {"changed_type": _change_type, "changed_types": _change_all_types, "unknown_field": _add_field}
_ANSWERS: dict[str, Callable[[], Response]] = {
    "html_500": lambda: HTMLResponse(_HTML, 500),
    "401": lambda: JSONResponse(_SIGNED_OUT, 401),
    "429": lambda: JSONResponse({"detail": "Request was throttled."}, 429, headers={"Retry-After": "0"}),
}
