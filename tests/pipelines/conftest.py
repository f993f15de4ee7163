"""A stand-in CRM answering with the recorded records, in process, that misbehaves on demand."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from pipelines import crm
from pipelines.crm.tables import COLLECTIONS

RECORDINGS = Path(__file__).parent / "recordings"
KINDS = tuple(each.path.removeprefix("/api/v1/").strip("/") for each in COLLECTIONS)
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
Fault = Callable[[httpx.Request], httpx.Response | None]


def recorded(name: str) -> dict[str, Any]:
    """Read one recording."""
    return json.loads((RECORDINGS / f"{name}.json").read_text())


def recorded_rows(kind: str) -> dict[str, dict[str, Any]]:
    """Every recorded record of a collection, by id."""
    answers = recorded(kind)
    lists = [answers[name]["body"]["results"] for name in ("list", "list_by_updated_at") if name in answers]
    records = [record for records in lists for record in records] + [answers["detail"]["body"]]
    return {record["id"]: record for record in records}


class RecordedCrm:
    """Serves recorded records with paging and orderings; ``faults`` are asked before each answer."""

    def __init__(self) -> None:
        self.rows = {kind: recorded_rows(kind) for kind in KINDS}
        self.requests: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.mcp_rows: list[dict[str, Any]] | None = [
            {
                "id": key,
                "unsubscribed": False,
                "receives_notifications": True,
                "preferred_language": "th",
                "notification_types": ["renewal"],
            }
            for key in self.rows["contacts"]
        ]
        self.mcp_tables: dict[str, list[dict[str, Any]]] = {}
        self.bend: Callable[[str, list[dict[str, Any]], int], list[dict[str, Any]]] = lambda _kind, rows, _page: rows

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests[path] += 1
        for fault in self.faults:
            if answer := fault(request):
                return answer
        assert "cookie" not in request.headers
        assert request.headers["accept"] == "application/json"
        if path == "/api/v1/auth/login/":
            return self._login(request)
        if path == "/api-token-auth/":
            return httpx.Response(200, json=recorded("login")["drf_token"]["body"])
        if path == "/mcp/":
            return self._mcp(json.loads(request.content)["params"]["arguments"])
        if request.headers.get("authorization", "") != "Bearer access":
            return httpx.Response(401, json=recorded("login")["errors"]["no_auth"]["body"])
        parts = path.removeprefix("/api/v1/").strip("/").split("/")
        return self._single(*parts) if len(parts) == 2 else self._page(parts[0], request.url.params)

    def _login(self, request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["password"] != "right":
            answer = recorded("login")["errors"]["bad_password"]
            return httpx.Response(answer["status"], json=answer["body"])
        return httpx.Response(
            200, json={"access": "access", "refresh": "refresh"}, headers={"set-cookie": "sessionid=1"}
        )

    def _mcp(self, arguments: dict[str, Any]) -> httpx.Response:
        if self.mcp_rows is None:
            return httpx.Response(404, html="<h1>Not Found</h1>")
        is_preferences = "$project" in arguments["search_pipeline"][0]
        rows = self.mcp_rows if is_preferences else self.mcp_tables.get(arguments["collection"], [])
        content = [{"type": "text", "text": json.dumps(rows)}] if rows else []
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": {"content": content, "isError": False}})

    def _single(self, kind: str, key: str) -> httpx.Response:
        if key in self.rows[kind]:
            return httpx.Response(200, json=self.rows[kind][key])
        answer = recorded("errors")["not_found"]
        return httpx.Response(answer["status"], json=answer["body"])

    def _page(self, kind: str, parameters: httpx.QueryParams) -> httpx.Response:
        rows = list(deepcopy(self.rows[kind]).values())
        for name in reversed(parameters["ordering"].split(",")):
            rows.sort(key=lambda row: str(row.get(name.lstrip("-"))), reverse=name.startswith("-"))
        number, size = int(parameters["page"]), min(int(parameters["page_size"]), 10)
        rows_of_page = self.bend(kind, rows[(number - 1) * size : number * size], number)
        more = "http://crm.example/next" if number * size < len(rows) else None
        body = {"count": len(rows), "next": more, "previous": None, "results": rows_of_page}
        return httpx.Response(200, json=body)


@pytest.fixture
def standin() -> RecordedCrm:
    """Give a well-behaved CRM holding the recorded records."""
    return RecordedCrm()


@pytest.fixture
def load(standin: RecordedCrm, tmp_path: Path) -> Callable[..., crm.LoadReport]:
    """Load the stand-in into a warehouse of this test."""

    def call(**options: Any) -> crm.LoadReport:
        values: dict[str, Any] = {
            "url": "http://crm.example",
            "username": "admin",
            "password": "right",
            "data_dir": tmp_path,
            "warehouse_path": tmp_path / "warehouse.duckdb",
            "now": NOW,
            "transport": httpx.MockTransport(standin),
            "retry_seconds": 5.0,
        }
        return crm.load(**{**values, **options})

    return call


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Query the warehouse of this test."""

    def call(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            return connection.execute(sql, parameters).fetchall()

    return call
