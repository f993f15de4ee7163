"""The fast full compare: ``/mcp/`` says which rows differ from ours, REST gives their values."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pipelines.crm.client import CrmClient
from pipelines.crm.parse import PARSERS
from pipelines.crm.source import Crawl
from pipelines.crm.tables import Collection
from pipelines.guards import refuse_many_rejects

# Beyond this many single reads, a crawl by pages is the cheaper way.
_MOST_SINGLE_READS = 200


def compare(client: CrmClient, collection: Collection, standing: Iterable[Mapping[str, Any]]) -> Crawl | None:
    """Return a complete crawl that read only the rows that differ from those standing.

    None when ``/mcp/`` cannot serve for it: it does not answer, lacks a column, shows fewer rows than REST counts,
    or nearly everything differs. Raises what REST raises.
    """
    held = {row["id"]: row for row in standing}
    if not collection.mcp or not held:
        return None
    records = client.query(collection.mcp, [{"$sort": {"id": 1}}])
    if not records or not all(isinstance(record, dict) and "id" in record for record in records):
        return None
    named = {str(record["id"]): _named(record, collection) for record in records}
    if any(record.keys() != collection.columns.keys() for record in named.values()):
        return None
    differing = [key for key, record in named.items() if _differs(record, held.get(key), collection.columns)]
    if len(differing) > _MOST_SINGLE_READS or len(named) < _count(client, collection):
        return None
    found = Crawl(collection, is_complete=True)
    for key in differing:
        record = client.find(f"{collection.path}{key}/")
        if record is not None:
            found.take(record)
    refuse_many_rejects(collection.name, found.refused, len(named))
    found.seen |= named.keys()
    return found


def _named(record: Mapping[str, Any], collection: Collection) -> dict[str, Any]:
    """Give ``/mcp/``'s columns their REST names: a reference is called ``company_id`` there."""
    named = {name: record.get(name, record.get(f"{name}_id", ...)) for name in collection.columns}
    return {name: value for name, value in named.items() if value is not ...}


def _differs(record: Mapping[str, Any], held: Mapping[str, Any] | None, columns: Mapping[str, str]) -> bool:
    if held is None or held["_is_deleted"]:
        return True
    try:
        return any(_value(record[name], kind) != held[name] for name, kind in columns.items())
    except (TypeError, ValueError, InvalidOperation):
        return True  # REST will say what it is


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "money":  # a float there, a decimal text in REST
        return Decimal(str(value)).quantize(Decimal("0.01"))
    return PARSERS[kind](value)


def _count(client: CrmClient, collection: Collection) -> int:
    page = next(client.pages(collection.path, {"page_size": 1, "ordering": collection.ordering}))
    return int(page["count"])
