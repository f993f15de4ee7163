"""Drift: what the full compare finds that neither webhook nor watermark had told us of, row by row."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from pipelines.crm.source import OVERLAP, Crawl

TABLE = "crm__drift"


def drift(
    found: Crawl,
    standing: Iterable[Mapping[str, Any]],
    gone: Iterable[Mapping[str, Any]],
    *,
    looked_at: datetime | None,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return one row per CRM row of a complete crawl that differed from ours and should not have.

    What moved since the last look at ``looked_at`` would have come by itself and is no drift; before a first look
    there is none. Collections that every load reads whole can only have deletions.
    """
    if looked_at is None:
        return []
    kinds: list[tuple[str, str, list[str]]] = [(row["id"], "deleted", []) for row in gone]
    if found.collection.watermark == "updated_at":  # any other time does not move with a change
        kinds += _unnoticed(found, {row["id"]: row for row in standing}, looked_at - OVERLAP)
    return [
        {
            "compared_at": now,
            "collection": found.collection.name,
            "kind": kind,
            "entity_id": key,
            "fields": json.dumps(fields),
            "compared_rows": len(found.seen),
        }
        for key, kind, fields in kinds
    ]


def _unnoticed(
    found: Crawl, standing: Mapping[str, Mapping[str, Any]], known_until: datetime
) -> Iterator[tuple[str, str, list[str]]]:
    for row in found.rows.values():
        held = standing.get(row["id"])
        if held is None or held["_is_deleted"]:
            if row["updated_at"] < known_until:
                yield row["id"], "unseen", []
            continue
        # A column that we only now began to load says nothing about the past.
        fields = sorted(name for name in row if name in held and name != "updated_at" and row[name] != held[name])
        if not fields:
            continue
        if row["updated_at"] == held["updated_at"]:
            yield row["id"], "silent", fields
        elif row["updated_at"] < known_until:
            yield row["id"], "late", fields
