"""Reading the CRM: complete crawls, incremental crawls by watermark, and the compare that finds deletions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.errors import PermanentError, TransientError
from pipelines.crm.client import CrmClient
from pipelines.crm.parse import parse_record, parse_time
from pipelines.crm.tables import PREFERENCES, Collection, Nested
from pipelines.guards import refuse_many_rejects

# updated_at is set before the commit, so a late commit can appear behind the watermark.
OVERLAP = timedelta(minutes=10)
_CRAWLS = 3
_STUB = "Error loading data"
_PREFERENCE = {"id": "text"} | {
    name: kind for name, kind in PREFERENCES.items() if not name.startswith("_") and name != "contact_id"
}


@dataclass
class Crawl:
    """What one collection gave: typed rows by id, its nested rows by table and id, and records that were refused."""

    collection: Collection
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    nested: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    rejects: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    is_complete: bool = False

    def take(self, record: Any) -> None:
        """Type one record. A wrong one becomes a reject and its last good version stays.

        Raises PermanentError for something that is no record at all.
        """
        if not isinstance(record, dict) or not isinstance(record.get("id"), str):
            raise PermanentError(f"{self.collection.name} holds something without an id: the CRM's API has changed")
        self.seen.add(record["id"])
        if record.get("zones_summary") == _STUB:
            self._reject(record["id"], "the CRM could not serialise this company", record)
            return
        try:
            row = parse_record(record, self.collection.columns)
            inside = {nested.table: _rows_inside(record, nested) for nested in self.collection.nested}
        except PermanentError as error:
            self._reject(record["id"], str(error), record)
            return
        self.rows[row["id"]] = row
        for table, rows in inside.items():
            self.nested.setdefault(table, {}).update(rows)
        for name in sorted(record.keys() - self.collection.columns.keys() - self.collection.left):
            self._reject(f"field:{name}", f"unknown field {name!r}: decide about it in columns.py", {})

    @property
    def refused(self) -> int:
        """How many records were refused; a new field is noted but refuses none."""
        return len(self.seen - self.rows.keys())

    def _reject(self, entity_id: str, reason: str, record: dict[str, Any]) -> None:
        self.rejects[entity_id] = {
            "entity": self.collection.name,
            "entity_id": entity_id,
            "reason": reason,
            "record": json.dumps(record, ensure_ascii=False, sort_keys=True),
        }


def _rows_inside(record: Mapping[str, Any], nested: Nested) -> dict[str, dict[str, Any]]:
    found = record.get(nested.field)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise PermanentError(f"field {nested.field!r} is no list of rows")
    rows = (parse_record(each, nested.columns) for each in found)
    return {row["id"]: {nested.owner: record["id"], **row} for row in rows}


def newest(client: CrmClient, collection: Collection) -> dict[str, Any] | None:
    """Return the record that moved last, of a collection the CRM can order by time; None when there is none."""
    ordering = ",".join(f"-{name}" for name in collection.ordering.split(","))
    page = next(client.pages(collection.path, {"ordering": ordering, "page_size": 1}))
    return page["results"][0] if page["results"] else None


def crawl(client: CrmClient, collection: Collection, *, since: datetime | None, overlap: timedelta = OVERLAP) -> Crawl:
    """Read a collection whole, or (with ``since``, and where the CRM can order by it) what changed since then.

    Raises TransientError when pages lose rows on every crawl, PermanentError when most records are wrong.
    """
    found = Crawl(collection)
    if since is not None and collection.watermark:
        for record in _newest_first(client, collection, since - overlap):
            found.take(record)
    else:
        _crawl_all(client, found)
    refuse_many_rejects(collection.name, found.refused, len(found.seen))
    return found


def _crawl_all(client: CrmClient, found: Crawl) -> None:
    collection = found.collection
    count = 0
    for _ in range(_CRAWLS):  # rows that move between pages are found by reading again
        for page in client.pages(collection.path, _parameters(collection, collection.ordering)):
            count = int(page["count"])
            for record in page["results"]:
                found.take(record)
        if len(found.seen) >= count:
            found.is_complete = True
            return
    raise TransientError(
        f"the CRM's pages of {collection.name} lost rows: {len(found.seen)} of {count} after {_CRAWLS} crawls. "
        "Nothing was loaded; load again when the CRM is quiet"
    )


def _newest_first(client: CrmClient, collection: Collection, since: datetime) -> Iterator[Any]:
    ordering = ",".join(f"-{name}" for name in collection.ordering.split(","))
    for page in client.pages(collection.path, _parameters(collection, ordering)):
        for record in page["results"]:
            if _is_before(record, collection.watermark, since):
                return
            yield record


def _is_before(record: Any, watermark: str, since: datetime) -> bool:
    try:
        return parse_time(record[watermark]) < since
    except (TypeError, ValueError, KeyError):
        return False  # let the record be refused with its reason


def _parameters(collection: Collection, ordering: str) -> dict[str, str | int]:
    return {"ordering": ordering, "page_size": collection.page_size}


def confirmed_deletions(client: CrmClient, collection: Collection, absent: Iterable[str]) -> set[str]:
    """Return those of the absent ids of which the CRM itself says 404."""
    return {key for key in absent if client.find(f"{collection.path}{key}/") is None}


def contact_preferences(client: CrmClient, condition: Mapping[str, Any] | None = None) -> list[dict[str, Any]] | None:
    """Return opt-outs and languages, which only ``/mcp/`` shows, of all contacts or those a condition matches.

    None when it does not answer.

    Raises PermanentError when it answers in another shape: sending on without knowing opt-outs is no option.
    """
    matched = [] if condition is None else [{"$match": dict(condition)}]
    found = client.query("contact", [*matched, {"$project": dict.fromkeys(_PREFERENCE, 1)}])
    if found is None:
        return None
    rows = [parse_record(record, _PREFERENCE) for record in found]
    return [{"contact_id": row.pop("id"), **row} for row in rows]
