"""The stand-in CRM's ``/mcp/`` door: JSON-RPC with a small query language, as the recordings show it."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sandbox.crm_rows import Rows

_COLLECTIONS = {
    "company": "companies",
    "contact": "contacts",
    "contract": "contracts",
    "zone": "zones",
    "invoice": "invoices",
    "opportunity": "opportunities",
    "ticket": "tickets",
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda a, b: a == b,
    "$ne": lambda a, b: a != b,
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
    "$in": lambda a, b: a in b,
    "$nin": lambda a, b: a not in b,
    "$regex": lambda a, b: bool(re.search(b, str(a))),
}


def answer_mcp(request: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """Answer one tool call."""
    arguments = request["params"]["arguments"]
    try:
        found = _query(arguments["collection"], arguments["search_pipeline"], rows)
    except LookupError as error:
        text = f"Error executing tool query_data_collections: {error}"
        result = {"content": [{"type": "text", "text": text}], "isError": True}
    else:
        text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
        result = {"content": [{"type": "text", "text": text}] if found else [], "isError": False}
    return {"jsonrpc": "2.0", "id": request["id"], "result": result}


def _query(collection: str, pipeline: list[dict[str, Any]], rows: Rows) -> list[dict[str, Any]]:
    if collection not in _COLLECTIONS:
        raise LookupError(f"Unknown collection {collection!r}")
    found = [_as_stored(row) for row in rows.tables[_COLLECTIONS[collection]].values()]
    for stage in pipeline:
        ((name, value),) = stage.items()
        if name == "$match":
            found = [row for row in found if _holds(row, value)]
        elif name == "$sort":
            for key, direction in reversed(value.items()):
                found.sort(key=lambda row: (row[key] is None, row[key] or ""), reverse=direction < 0)
        elif name == "$limit":
            found = found[:value]
        elif name == "$project":
            found = [{key: row[key] for key, keep in value.items() if keep and key in row} for row in found]
        else:
            return []  # an unsupported stage does not fail, it returns nothing
    return found


def _as_stored(row: dict[str, Any]) -> dict[str, Any]:
    stored = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            stored[name] = value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        elif isinstance(value, date):
            stored[name] = value.isoformat()
        elif name in {"company", "contract", "device", "parent_company", "renewed_from"}:
            stored[f"{name}_id"] = value
        elif name != "company_name":
            stored[name] = value
    return stored


def _holds(row: dict[str, Any], condition: dict[str, Any]) -> bool:
    for name, wanted in condition.items():
        if name == "$or":
            if not any(_holds(row, each) for each in wanted):
                return False
        elif name == "$and":
            if not all(_holds(row, each) for each in wanted):
                return False
        elif name not in row:
            raise LookupError(f"Cannot resolve keyword {name!r} into field. Choices are: {', '.join(sorted(row))}")
        else:
            tests = wanted if isinstance(wanted, dict) else {"$eq": wanted}
            if not all(row[name] is not None and _COMPARE[test](row[name], value) for test, value in tests.items()):
                return False
    return True
