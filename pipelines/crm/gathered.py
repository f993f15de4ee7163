"""What a load of the CRM will write: rows typed and compared with those that stand, before anything is written."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from core.store.reach import Reach
from pipelines import existing
from pipelines.crm import drift, history, source
from pipelines.crm.client import CrmClient
from pipelines.crm.compare import compare
from pipelines.crm.news import News
from pipelines.crm.reach import reaches
from pipelines.crm.tables import COLLECTIONS, KEYS, TABLES, Collection, Nested
from pipelines.guards import refuse_shrink
from pipelines.profiles import arrow_table


class Gathered:
    """Typed rows per raw table, gathered before anything is written."""

    def __init__(self, held: existing.Held, now: datetime, *, allow_shrink: bool) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self.deleted = 0
        self.new_tables: set[str] = set()
        self._held = held
        self._now = now
        self._allow_shrink = allow_shrink

    def typed(self) -> dict[str, pa.Table]:
        """Return what is worth loading, and note what changed in it; only while the warehouse is looked at."""
        tables = {name: arrow_table(rows, TABLES[name]) for name, rows in self.tables.items()}
        self.tables[history.TABLE] = history.changes(tables, self._held, self._now)
        worth_loading = self._held.worth_loading(tables)
        self.new_tables = worth_loading.keys() - self._held.columns.keys()
        return worth_loading

    def changed_reaches(self) -> list[Reach]:
        """Return what changed contacts say about being written to; a contact that is new has no messages yet."""
        changed = {row["entity_id"] for row in self.tables[history.TABLE] if row["entity"] == "contacts"}
        return reaches(
            [row for row in self.tables["crm__contacts"] if row["id"] in changed],
            [row for row in self.tables["crm__contact_preferences"] if row["contact_id"] in changed],
        )

    def take(self, news: News) -> None:
        """Add rows read elsewhere, but those that another load has read since."""
        for name, crawl in news.crawls.items():
            standing = self._held.rows_with(
                crawl.collection.table, "id", sorted(crawl.seen | news.gone.get(name, set()))
            )
            newer = {row["id"] for row in standing if row["_loaded_at"] > news.read_at}
            for key in newer & crawl.rows.keys():
                del crawl.rows[key]
            gone = news.gone.get(name, set()) - newer
            self._keep(crawl, standing, gone)
            self._remove(crawl.collection, [row for row in standing if row["id"] in gone and not row["_is_deleted"]])
        known = self._held.rows_with(
            "crm__contact_preferences", "contact_id", [row["contact_id"] for row in news.preferences]
        )
        self._add("crm__contact_preferences", news.preferences, known)

    def children_of(self, companies: set[str]) -> dict[str, set[str]]:
        """Return the ids, by collection, of rows that we know of companies and that are not deleted."""
        found: dict[str, set[str]] = {}
        for collection in COLLECTIONS if companies else ():
            if "company" in collection.columns:
                rows = self._held.rows_with(collection.table, "company", sorted(companies))
                found[collection.name] = {row["id"] for row in rows if not row["_is_deleted"]}
        return {name: keys for name, keys in found.items() if keys}

    def read(self, client: CrmClient, collection: Collection, *, by_watermark: bool) -> None:
        """Read one collection, from its watermark on where that is asked for, known and possible."""
        standing = self._held.rows(collection.table)
        # The rows themselves hold the watermark: they and it cannot part when a load is killed. A row dated in the
        # future must not push it past what is still to come.
        time = collection.watermark or "updated_at"
        newest = max((row[time] for row in standing), default=None)
        found = None if by_watermark else compare(client, collection, standing)
        if found is None:
            since = min(newest, self._now) if newest and by_watermark else None
            found = source.crawl(client, collection, since=since)
        gone = self._compare(client, found, standing) if found.is_complete else []
        self._keep(found, standing, {row["id"] for row in gone})
        if not by_watermark:
            self.tables[drift.TABLE] += drift.drift(
                found, standing, gone, looked_at=self._looked_at(collection.table), now=self._now
            )
        times = [row[time] for row in found.rows.values()]
        newest = max([*times, *([newest] if newest else [])], default=None)
        self._say_loaded(collection.table, len(found.seen), newest, mode="full" if found.is_complete else "incremental")

    def read_preferences(self, client: CrmClient) -> None:
        """Read opt-outs and languages; what we know stays when ``/mcp/`` does not answer."""
        rows = source.contact_preferences(client)
        if rows is not None:
            self._add("crm__contact_preferences", rows, self._held.rows("crm__contact_preferences"))
            self._say_loaded("crm__contact_preferences", len(rows), None, mode="full")

    def say_compared(self) -> None:
        """Write down that everything was compared, whatever drift that found."""
        self._say_loaded(drift.TABLE, len(self.tables[drift.TABLE]), None, mode="full")

    def _say_loaded(self, table: str, rows: int, newest: datetime | None, *, mode: str) -> None:
        load = {"table_name": table, "mode": mode, "row_count": rows, "newest_row_at": newest, "loaded_at": self._now}
        self.tables["crm__loads"].append(load)

    def _looked_at(self, table: str) -> datetime | None:
        rows = self._held.rows_with("crm__loads", "table_name", [table])
        return rows[0]["loaded_at"] if rows else None

    def _keep(self, found: source.Crawl, standing: list[dict[str, Any]], gone: set[str]) -> None:
        self._add(found.collection.table, found.rows.values(), standing)
        self._add("crm__rejects", found.rejects.values(), ())
        for nested in found.collection.nested:
            self._add_nested(nested, found, gone)

    def _add(
        self,
        table: str,
        rows: Iterable[Mapping[str, Any]],
        standing: Iterable[Mapping[str, Any]],
        *,
        is_deleted: bool = False,
    ) -> None:
        stamp = {"_loaded_at": self._now, "_is_deleted": is_deleted}
        ours = {name: value for name, value in stamp.items() if name in TABLES[table]}
        self.tables[table] += existing.changed([{**row, **ours} for row in rows], standing, KEYS[table])

    def _add_nested(self, nested: Nested, found: source.Crawl, owners_gone: set[str]) -> None:
        """Add what records hold; those that a record read no longer names are gone, and those of a record gone."""
        standing = self._held.rows_with(nested.table, nested.owner, sorted(found.rows.keys() | owners_gone))
        rows = found.nested.get(nested.table, {})
        self._add(nested.table, rows.values(), standing)
        gone = [row for row in standing if row["id"] not in rows]
        self._add(nested.table, gone, standing, is_deleted=True)

    def _compare(self, client: CrmClient, found: source.Crawl, standing: list[dict[str, Any]]) -> list[dict[str, Any]]:
        collection = found.collection
        known = {row["id"]: row for row in standing if not row["_is_deleted"]}
        absent = known.keys() - found.seen
        if not self._allow_shrink:
            refuse_shrink(collection.name, len(absent), len(known))
        gone = source.confirmed_deletions(client, collection, absent)
        lost = [known[key] for key in sorted(gone)]
        self._remove(collection, lost)
        return lost

    def _remove(self, collection: Collection, rows: list[dict[str, Any]]) -> None:
        self._add(collection.table, rows, rows, is_deleted=True)
        self.deleted += len(rows)
