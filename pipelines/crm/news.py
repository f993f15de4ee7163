"""What is new in the CRM, read while others may have the warehouse: rows somebody named, rows that moved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import PermanentError, TransientError
from core.store.reach import Reach
from pipelines.crm import source
from pipelines.crm.client import CrmClient
from pipelines.crm.parse import parse_time
from pipelines.crm.reach import reaches
from pipelines.crm.tables import COLLECTIONS, Collection

# The hourly load looks ten minutes behind its watermark; every minute, two are enough.
_OVERLAP = timedelta(minutes=2)
# More than these moved at once is the hourly load's work, which reads pages.
_MOST_SINGLE_READS = 200
Row = tuple[str, str]  # collection and id
_BY_NAME = {collection.name: collection for collection in COLLECTIONS}


@dataclass
class News:
    """What was read, not loaded yet: crawls by collection, ids the CRM answered 404 for, opt-outs.

    ``looked_at`` names raw tables of which everything that moved is here; ``marks`` the newest time seen in each;
    ``refused`` ids that will never be read as they are, ``failed`` those to be tried again, both with the reason.
    """

    read_at: datetime
    crawls: dict[str, source.Crawl] = field(default_factory=dict)
    gone: dict[str, set[str]] = field(default_factory=dict)
    preferences: list[dict[str, Any]] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)
    marks: dict[str, datetime] = field(default_factory=dict)
    seen: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    refused: dict[Row, str] = field(default_factory=dict)
    failed: dict[Row, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to load."""
        return bool(self.preferences or any(self.gone.values()) or any(each.seen for each in self.crawls.values()))

    def reaches(self) -> list[Reach]:
        """Return what the contacts among them say about being written to."""
        crawl = self.crawls.get("contacts")
        read = list(crawl.rows.values()) if crawl else []
        gone = [{"id": key, "_is_deleted": True} for key in sorted(self.gone.get("contacts", ()))]
        return reaches([*read, *gone], self.preferences)

    def read(self, client: CrmClient, collection: Collection, key: str) -> None:
        """Read one row. The CRM's own 404 says that it is gone; one row that fails keeps no other out."""
        crawl = self.crawls.setdefault(collection.name, source.Crawl(collection))
        try:
            record = client.find(f"{collection.path}{key}/")
        except TransientError as error:
            self.failed[collection.name, key] = str(error)
            return
        if record is None:
            self.gone.setdefault(collection.name, set()).add(key)
            return
        try:
            crawl.take(record)
        except PermanentError as error:
            self.refused[collection.name, key] = str(error)


def read_named(client: CrmClient, named: Mapping[str, set[str]], now: datetime) -> News:
    """Read the rows named by collection and id, one by one.

    Raises TransientError when the CRM answers for none of them, PermanentError when it does not let us in.
    """
    news = News(read_at=now)
    for name, keys in named.items():
        for key in sorted(keys):
            if name in _BY_NAME:
                news.read(client, _BY_NAME[name], key)
            else:
                news.refused[name, key] = f"the CRM's collection {name!r} is not loaded: it is not in tables.py"
    if news.failed and not news and not news.refused:
        raise TransientError(next(iter(news.failed.values())))
    contacts = news.crawls["contacts"].rows if "contacts" in news.crawls else {}
    if contacts:
        news.preferences = source.contact_preferences(client, {"id": {"$in": sorted(contacts)}}) or []
    return news


class Poll:
    """Looks every minute: one request per collection where nothing moved. Remembers how far it has seen."""

    def __init__(self, marks: Mapping[str, datetime]) -> None:
        """Start from the newest time of change the warehouse holds per collection."""
        self._marks = dict(marks)
        self._seen: dict[str, set[tuple[str, str]]] = {}
        self._preferences: dict[str, dict[str, Any]] = {}

    def look(self, client: CrmClient, now: datetime) -> News:
        """Read what moved. A collection the CRM can neither order nor filter by time is left to the hourly load.

        Raises TransientError or PermanentError; what was seen is remembered by ``confirm`` only, after it was loaded.
        """
        news = News(read_at=now)
        for collection in COLLECTIONS:
            if collection.name not in self._marks:
                continue
            if collection.watermark:
                self._look_by_order(client, collection, news)
            elif collection.mcp:
                self._look_by_mcp(client, collection, news)
        found = self._opt_outs(client)
        if found is not None:
            news.preferences = [row for row in found if self._preferences.get(row["contact_id"]) != row]
            news.looked_at.add("crm__contact_preferences")
        return news

    def confirm(self, news: News) -> None:
        """Remember what was seen, once it is loaded."""
        self._marks |= news.marks
        self._seen |= news.seen
        self._preferences |= {row["contact_id"]: row for row in news.preferences}

    def _look_by_order(self, client: CrmClient, collection: Collection, news: News) -> None:
        newest = source.newest(client, collection)
        mark = self._marks[collection.name]
        top = set() if newest is None else {(str(newest.get("id")), str(newest.get(collection.watermark)))}
        if _hides_others(newest, collection.watermark, news.read_at) or top != self._seen.get(collection.name, set()):
            crawl = source.crawl(client, collection, since=mark, overlap=_OVERLAP)
            news.crawls[collection.name] = crawl
            moved = [row[collection.watermark] for row in crawl.rows.values()]
            news.marks[collection.name] = min(max([mark, *moved]), news.read_at)
            news.seen[collection.name] = top
        news.looked_at.add(collection.table)

    def _look_by_mcp(self, client: CrmClient, collection: Collection, news: News) -> None:
        since = {"updated_at": {"$gte": _written(self._marks[collection.name] - _OVERLAP)}}
        found = client.query(collection.mcp, [{"$match": since}, {"$project": {"id": 1, "updated_at": 1}}])
        if found is None:
            return
        moved = {(str(row["id"]), str(row["updated_at"])) for row in found}
        new = moved - self._seen.get(collection.name, set())
        if len(new) > _MOST_SINGLE_READS:
            return
        for key, at in sorted(new):
            news.read(client, collection, key)
            moment = min(parse_time(at), news.read_at)
            news.marks[collection.name] = max(moment, news.marks.get(collection.name, self._marks[collection.name]))
        if news.failed:
            raise TransientError(next(iter(news.failed.values())))
        news.seen[collection.name] = moved
        news.looked_at.add(collection.table)

    def _opt_outs(self, client: CrmClient) -> list[dict[str, Any]] | None:
        """Ask for everybody who is opted out, because that moves no time, and for whoever else has changed."""
        anyone = [{"unsubscribed": True}, {"receives_notifications": False}]
        if "contacts" in self._marks:
            anyone.append({"updated_at": {"$gte": _written(self._marks["contacts"] - _OVERLAP)}})  # type: ignore[dict-item]
        return source.contact_preferences(client, {"$or": anyone})


def _hides_others(newest: Mapping[str, Any] | None, time: str, now: datetime) -> bool:
    """Say whether a row dated in the future, or at no time at all, stays on top of what comes below it."""
    try:
        return newest is not None and parse_time(newest[time]) > now
    except (TypeError, ValueError, KeyError):
        return True  # the crawl refuses it with its reason


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
