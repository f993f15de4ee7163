"""What a segment would have held day by day, and what a campaign over it would have sent."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from campaigns import lifecycle, triggers
from campaigns.past import Past, as_of
from campaigns.playbooks import Playbook, read_playbooks
from campaigns.segments import Library, Segment, find_members
from campaigns.told import tell

_ZONE = ZoneInfo("Asia/Bangkok")


@dataclass
class Day:
    """One local day: members (contacts) at the last moment looked at, entries and exits of contacts about a subject.

    ``outcomes``: with a campaign, how often each outcome was decided on that day.
    """

    day: date
    members: int = 0
    entries: int = 0
    exits: int = 0
    is_complete: bool = True
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Backtest:
    """Days in order; ``notes`` say what a reader must know about this past."""

    segment_id: str
    campaign_id: str | None
    days: list[Day]
    notes: list[str]

    @property
    def outcomes(self) -> dict[str, int]:
        """Count each outcome over all days."""
        return dict(sorted(sum((day.outcomes for day in self.days), Counter[str]()).items()))

    def as_result(self) -> dict[str, Any]:
        """Return it as the command line shows it."""
        return {
            "segment_id": self.segment_id,
            "campaign_id": self.campaign_id,
            "sent": self.outcomes.get("send", 0),
            "capped": self.outcomes.get("capped", 0),
            "outcomes": self.outcomes,
            "days": [{**vars(day), "outcomes": dict(sorted(day.outcomes.items()))} for day in self.days],
            "notes": self.notes,
        }


def backtest(
    connection: Any, segment: Segment, library: Library, *, now: datetime, days: int, playbook: Playbook | None = None
) -> Backtest:
    """Replay the last ``days`` days by today's definition on the data of each moment.

    Without a campaign each day is looked at once, at the time of day of ``now``; with one at every slot of its cron,
    where the whole policy decides, remembering what it decided before, and no quota is asked. What other campaigns
    decided is real.
    """
    start = now - timedelta(days=days)
    tables = library.tables(segment)
    if playbook is not None:
        tables |= lifecycle.tables_decided_on() | triggers.tables(playbook)
    found: dict[date, Day] = {}
    notes: dict[str, None] = {}
    connection.execute("drop table if exists temp.seen; drop table if exists temp.simulated")
    for moment, is_slot in _moments(start, now, days, playbook):
        with as_of(connection, moment, tables) as past:
            find_members(connection, segment, moment, library)
            notes.update(dict.fromkeys(past.notes))
            local = moment.astimezone(_ZONE).date()
            day = found.setdefault(local, Day(local))
            _see(connection, day, past, is_first=moment == start)
            if is_slot and playbook is not None:
                _decide(connection, playbook, day, start, moment)
    shown = [day for key, day in sorted(found.items()) if key > start.astimezone(_ZONE).date() or day.outcomes]
    return Backtest(segment.segment_id, playbook.campaign_id if playbook else None, shown, list(notes))


def _moments(start: datetime, now: datetime, days: int, playbook: Playbook | None) -> Iterator[tuple[datetime, bool]]:
    """Yield the start (to compare with), then a moment a day or each slot of the campaign."""
    slots: set[datetime] = set()
    if playbook is not None:
        slot = croniter(playbook.cron, start.astimezone(ZoneInfo(playbook.time_zone)))
        while (moment := slot.get_next(datetime)) <= now:
            slots.add(moment.astimezone(now.tzinfo))
    looks = {start, *(start + timedelta(days=each) for each in range(1, days + 1))}
    for moment in sorted(looks | slots):
        yield moment, moment in slots


def _see(connection: Any, day: Day, past: Past, *, is_first: bool) -> None:
    if not is_first:
        day.entries += _count(connection, "from members anti join temp.seen using (contact_id, subject_id)")
        day.exits += _count(connection, "from temp.seen anti join members using (contact_id, subject_id)")
    (day.members,) = connection.execute("select count(distinct contact_id) from members").fetchone()
    day.is_complete = day.is_complete and past.is_complete
    connection.execute("create or replace temp table seen as select contact_id, subject_id from members")


def _count(connection: Any, query: str) -> int:
    (count,) = connection.execute(f"select count(*) {query}").fetchone()
    return int(count)


def _decide(connection: Any, playbook: Playbook, day: Day, start: datetime, moment: datetime) -> None:
    """Decide one slot as if all slots since ``start`` had been decided by this backtest."""
    connection.execute("create temp table if not exists simulated as from raw.campaigns__decisions limit 0")
    connection.execute(
        "delete from raw.campaigns__decisions where campaign_id = ? and decided_at > ?", [playbook.campaign_id, start]
    )
    connection.execute("insert into raw.campaigns__decisions from temp.simulated")
    run_id = f"backtest {moment.isoformat()}"
    triggers.narrow(connection, playbook, since=start, now=moment)
    rivals = [book for book in read_playbooks() if book.campaign_id != playbook.campaign_id]
    told = tell(connection, playbook, rivals, moment, is_past=True)
    lifecycle.decide(connection, playbook, run_id, told)
    lifecycle.write_decisions(connection, playbook, run_id, snapshot_id="backtest", now=moment)
    decided = connection.execute("select outcome, count(*) from verdicts group by all").fetchall()
    day.outcomes.update(dict(decided))
    connection.execute("insert into temp.simulated from raw.campaigns__decisions where run_id = ?", [run_id])
