"""Backup and restore in a world that goes on: store and warehouse are destroyed, and nobody is written to twice."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assets.steps import Steps
from cli import world
from cli.backup import Restored, back_up, restore
from cli.demo import Demo, LogicalClock, Stages, gateway_in_thread
from cli.doctor import examine
from cli.processes import Processes, free_port, get_json
from cli.result import _provider_key
from core.store import campaigns, doubts
from core.store.tables import messages
from core.vocabulary import Status

MONDAY = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)  # 10:00 in Bangkok
DAY = timedelta(days=1)
ENDED = {"accepted", "held", "sent", "delivered", "read", "failed", "expired", "cancelled", "suppressed"}


pytestmark = pytest.mark.timeout(600)  # weeks of a world: a minute on a quiet machine


@dataclass
class Town:
    """The product beside its stand-ins; ``known`` is every message ever seen in the store, by what providers see."""

    folder: Path
    demo: Demo
    port: int
    gateway: ExitStack = field(default_factory=ExitStack)
    known: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def steps(self) -> Steps:
        """What may be done now."""
        return self.demo.steps

    def open(self) -> None:
        """Start the gateway."""
        self.gateway.enter_context(gateway_in_thread(self.steps.settings, self.demo.clock, self.port))

    def close(self) -> None:
        """Stop the gateway, and start afresh as a new process would."""
        self.gateway.close()
        self.steps.store.dispose()
        self.demo.steps = Steps(self.steps.settings, clock=self.demo.clock)

    def live(self, until: datetime, *, sends: bool = True) -> None:
        """Move on, load, build, decide, and send."""
        self.demo.move_to(until)
        self.demo.refresh()
        if sends:
            self.demo.campaigns()
        else:
            for campaign_id in self.demo.playbooks:
                self.steps.run_campaign(campaign_id)
        self.remember()

    def remember(self) -> None:
        """Note what the store knows of every message: who, about what, which step."""
        for row in self.rows():
            key = (row.channel, _provider_key(row.channel, row.message_id, None, row.address))
            self.known[key] = (row.campaign_id, row.contact_id, row.step, row.subject_id)

    def rows(self) -> list[Any]:
        """Return the ledger."""
        with self.steps.store.connect() as connection:
            return list(connection.execute(sa.select(messages)))

    def taken(self) -> Counter[tuple[str, ...]]:
        """Count what the providers took: by campaign, contact, step and subject, whichever id it went by."""
        found: Counter[tuple[str, ...]] = Counter()
        for message in get_json(f"{self.demo.providers_url}/_sandbox/received"):
            found[self.known[message["channel"], message["key"]]] += int(message["count"])
        return found

    def destroy(self, *names: str) -> None:
        """Lose files."""
        for name in names:
            for path in self.folder.glob(name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A small world on its second morning: one day was sent, today is decided and not sent."""
    folder = tmp_path / "data"
    secrets = world.read_secrets(folder)
    with Processes(folder / "logs") as processes:
        port = free_port()
        gateway = f"http://127.0.0.1:{port}"
        crm = processes.start("crm", *world.crm_arguments(secrets, 150, 7, MONDAY, MONDAY + 7 * DAY), answers=True)
        providers = processes.start("providers", *world.provider_arguments(secrets, 7, gateway), answers=True)
        clock = LogicalClock(MONDAY)
        steps = Steps(world.settings_for(folder, secrets, crm, providers, gateway), clock=clock)
        here = Town(folder, Demo(steps, clock, crm["url"], providers["url"], Stages(print)), port)
        here.open()
        here.demo.move_to(MONDAY)
        here.demo.refresh("full")
        here.demo.link_line_users()
        here.live(MONDAY + timedelta(minutes=30))
        here.live(MONDAY + DAY, sends=False)
        yield here
        here.close()


def _settle_by_the_providers_word(town: Town, taken: Counter[tuple[str, ...]]) -> None:
    """Do what a person does who looks every doubt up at the provider."""
    with town.steps.store.begin() as connection:
        for doubt in doubts.standing(connection, [], town.demo.clock()):
            row = connection.execute(sa.select(messages).where(messages.c.message_id == doubt.message_id)).one()
            was_sent = taken[row.campaign_id, row.contact_id, row.step, row.subject_id] > 0
            which = doubts.chosen(message_id=doubt.message_id)
            status = Status.ACCEPTED if was_sent else Status.PLANNED
            doubts.decide(connection, which, status, reason="looked up", actor="test", now=town.demo.clock())


def _restored(town: Town, backup: Path, **how: Any) -> Restored:
    town.close()
    done = restore(town.steps, backup, **how)
    assert done.left_to_do == {}
    town.open()
    return done


def test_after_losing_everything_nobody_is_written_to_twice_and_nothing_is_lost(town: Town, tmp_path: Path) -> None:
    back_up(town.steps, tmp_path / "backup")
    planned = sum(row.status == Status.PLANNED for row in town.rows())
    town.demo.campaigns()  # what was planned goes out, and the backup does not know
    town.live(MONDAY + 2 * DAY)  # so does what is planned only now
    before = town.taken()
    town.close()
    town.destroy("store.db*", "warehouse.duckdb*", "dlt", "serve")

    done = _restored(town, tmp_path / "backup")
    assert done.uncertain is not None and done.uncertain.in_doubt == planned > 0
    assert "restored from the backup" in examine(town.steps)["holds"]["all"]
    assert town.steps.send_due().recorded == 0
    assert town.taken() == before

    town.live(MONDAY + 2 * DAY + timedelta(hours=4))  # the day is decided again
    assert town.taken() == before
    with town.steps.store.begin() as connection:
        campaigns.lift_hold(connection, "all")
    town.steps.send_due()
    town.live(MONDAY + 3 * DAY)
    assert max(town.taken().values()) == 1
    waiting = [row for row in town.rows() if row.status not in ENDED]
    assert waiting and all(row.status == Status.IN_DOUBT and row.reason for row in waiting)

    _settle_by_the_providers_word(town, town.taken())
    town.live(MONDAY + 3 * DAY + timedelta(hours=6))
    assert max(town.taken().values()) == 1
    assert {row.status for row in town.rows()} <= ENDED
    assert before.keys() <= town.taken().keys()


def _different(town: Town, before: Path) -> set[str]:
    """Return the raw tables and marts whose rows differ from those of a copy; the loads' own state aside."""
    with town.steps.warehouse() as connection:
        connection.execute(f"attach '{before}' as before (read_only)")
        found = connection.execute("""
            select distinct schema_name || '.' || table_name from duckdb_tables()
            where schema_name in ('raw', 'marts') and table_name not like '\\_dlt%' escape '\\'
        """).fetchall()
        # Which load brought a row is the load's own affair.
        one_way = """
            select count(*) from (
                select columns(lambda name: name <> '_load_number') from {0}
                except all select columns(lambda name: name <> '_load_number') from {1}
            )
        """
        return {
            name
            for (name,) in found
            for pair in ((name, f"before.{name}"), (f"before.{name}", name))
            if connection.execute(one_way.format(*pair)).fetchone() != (0,)
        }


def test_a_warehouse_that_is_lost_comes_back_equal_and_its_loads_go_on(town: Town, tmp_path: Path) -> None:
    town.demo.campaigns()
    back_up(town.steps, tmp_path / "backup")
    town.demo.move_to(MONDAY + DAY + timedelta(hours=6))  # people react, the CRM goes on
    town.demo.refresh("full", is_last=True)
    shutil.copy(town.folder / "warehouse.duckdb", tmp_path / "before.duckdb")
    town.destroy("warehouse.duckdb*", "dlt", "serve")

    done = _restored(town, tmp_path / "backup", only="warehouse")
    assert done.uncertain is None
    assert _different(town, tmp_path / "before.duckdb") == set()

    again = {**town.steps.sync_crm().rows, **town.steps.sync_journal().rows}
    told_whole = {"crm__loads", "journal__loads", "journal__holds", "journal__lanes"}
    assert {name for name, rows in again.items() if rows} <= told_whole
    assert _different(town, tmp_path / "before.duckdb") <= {"raw.crm__loads", "raw.journal__loads"}
    town.live(MONDAY + 2 * DAY)
    assert max(town.taken().values()) == 1


def test_a_store_that_is_lost_comes_back_with_what_the_warehouse_knows(town: Town, tmp_path: Path) -> None:
    back_up(town.steps, tmp_path / "backup")
    town.demo.move_to(MONDAY + DAY + timedelta(minutes=5))
    town.demo.campaigns()
    town.live(MONDAY + 2 * DAY)
    town.demo.move_to(MONDAY + 2 * DAY + timedelta(hours=1))
    town.demo.refresh()  # the last that the warehouse hears of the store
    before = {row.message_id: row.status for row in town.rows()}
    taken = town.taken()
    town.close()
    town.destroy("store.db*")

    done = _restored(town, tmp_path / "backup", only="store")

    assert done.rolled_forward["messages"] > 0 and done.rolled_forward["events"] > 0
    assert done.uncertain is not None and done.uncertain.in_doubt == 0
    assert done.decisions_taken_back == 0
    assert {row.message_id: row.status for row in town.rows()} == before
    with town.steps.store.begin() as connection:
        campaigns.lift_hold(connection, "all")
    town.live(MONDAY + 2 * DAY + timedelta(hours=2))
    assert town.taken() == taken
