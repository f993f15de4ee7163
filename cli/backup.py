"""Backup of store and warehouse as of one moment, and the way back, after which nothing is sent a second time."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from assets.scoring import predict
from assets.steps import Steps
from core import manifest
from core.errors import HouseError, PermanentError
from core.store import backup as store_backup
from core.store import lanes, restores
from core.store.engine import connect_store
from core.store.restores import Uncertain
from core.store.tables import campaign_runs
from pipelines.existing import Held
from pipelines.journal.recover import roll_forward
from warehouse import backup as warehouse_backup

STORE, WAREHOUSE = "store", "warehouse"


@dataclass
class Restored:
    """What a restore did, and what is left: ``left_to_do`` names commands to run, with the reason each failed."""

    made_at: datetime
    rows: dict[str, int] = field(default_factory=dict)
    rolled_forward: dict[str, int] = field(default_factory=dict)
    uncertain: Uncertain | None = None
    decisions_taken_back: int = 0
    left_to_do: dict[str, str] = field(default_factory=dict)


def back_up(steps: Steps, folder: Path, *, in_the_clear: bool = False) -> dict[str, Any]:
    """Write store and warehouse into a new folder, whole or not at all; returns its manifest.

    Raises PermanentError when something is there already, or when the warehouse is encrypted and nobody said that its
    copy may lie ``in_the_clear``.
    """
    if steps.settings.warehouse_key.get_secret_value() and not in_the_clear:
        raise PermanentError(
            "BMA_WAREHOUSE_KEY is set and a backup is not encrypted: write it to an encrypted disk, say --in-the-clear"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PermanentError(f"{folder} is there already: say a folder that is not")
    partial = folder.absolute().with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a backup that was killed
    partial.mkdir(mode=0o700, parents=True)
    steps.settings.data_dir.mkdir(parents=True, exist_ok=True)
    # While we hold the warehouse nobody loads, decides or plans: the two copies agree.
    with steps.warehouse() as connection:
        made_at = steps.clock()
        store = store_backup.copy(steps.store, partial / STORE)
        tables = warehouse_backup.write(connection, partial / WAREHOUSE)
    written = manifest.seal(partial, {"made_at": made_at.isoformat(), STORE: store, WAREHOUSE: {"tables": tables}})
    partial.rename(folder.absolute())
    return written


def restore(steps: Steps, folder: Path, *, only: str | None = None, is_replacing: bool = False) -> Restored:
    """Put a backup in the place of store and warehouse (or ``only`` one of them), then catch up and build.

    Nothing is touched before the backup is found whole, every process has stopped, and what would be lost may be.
    Raises PermanentError where that is not so.
    """
    facts = manifest.verify(folder)
    restored = Restored(datetime.fromisoformat(facts["made_at"]))
    parts = {only} if only else {STORE, WAREHOUSE}
    engine = connect_store(steps.settings.effective_store_url)
    try:
        if STORE in parts:
            store_backup.refuse_unknown(facts[STORE], engine)
        with steps.warehouse() as connection:
            _refuse_loss(steps, engine, connection, parts, is_replacing=is_replacing)
            _put_back(steps, engine, connection, folder, facts, parts, restored)
    finally:
        engine.dispose()
    _catch_up(steps, restored, is_warehouse_new=WAREHOUSE in parts)
    return restored


def _put_back(
    steps: Steps,
    engine: sa.Engine,
    warehouse: Any,
    folder: Path,
    facts: dict[str, Any],
    parts: set[str],
    restored: Restored,
) -> None:
    if STORE in parts:  # first: until it is back, the warehouse that is there may be all that knows what was sent
        _restore_store(steps, engine, warehouse, folder, facts, restored)
    if WAREHOUSE in parts:
        # The loads' state is in the tables, too; beside older tables a newer state would skip what came between.
        shutil.rmtree(steps.settings.data_dir / "dlt" / "pipelines", ignore_errors=True)
        restored.rows |= warehouse_backup.replace(warehouse, folder / WAREHOUSE, facts[WAREHOUSE]["tables"])
    if STORE in parts:
        restored.decisions_taken_back = warehouse_backup.forget_decisions(warehouse, _known_runs(engine))


def _refuse_loss(steps: Steps, engine: sa.Engine, connection: Any, parts: set[str], *, is_replacing: bool) -> None:
    full = []
    if STORE in parts and store_backup.holds_data(engine):
        full.append(f"the store ({engine.url.render_as_string(hide_password=True)})")
        _refuse_owned_lanes(engine, steps.clock())
    if WAREHOUSE in parts and warehouse_backup.holds_data(connection):
        full.append(f"the warehouse ({steps.settings.warehouse_path})")
    if full and not is_replacing:
        raise PermanentError(f"{' and '.join(full)} would be lost: say --replace if that is meant")
    engine.dispose()
    if STORE in parts:
        store_backup.refuse_if_used(engine)
        engine.dispose()


def _refuse_owned_lanes(engine: sa.Engine, now: datetime) -> None:
    try:
        with engine.connect() as connection:
            owned = [lane for lane in lanes.standing(connection) if lane["owner"] and lane["lease_until"] > now]
    except sa.exc.DatabaseError:
        return  # what cannot be read is nobody's
    for lane in owned:
        raise PermanentError(
            f"a worker has the {lane['channel']} lane until {lane['lease_until']:%H:%M:%S} UTC: stop it; if it was "
            "killed, wait until then"
        )


def _restore_store(
    steps: Steps, engine: sa.Engine, warehouse: Any, folder: Path, facts: dict[str, Any], restored: Restored
) -> None:
    held, now = Held(warehouse), steps.clock()

    def after(connection: sa.Connection) -> None:
        restored.rolled_forward = roll_forward(connection, held, since=restored.made_at)
        restored.uncertain = restores.begin_epoch(connection, made_at=restored.made_at, now=now)

    aside = f"before-restore-{now:%Y%m%dT%H%M%S%f}"
    store_backup.replace(folder / STORE, facts[STORE], engine, aside=aside, after=after)
    restored.rows |= facts[STORE]["rows"]


def _known_runs(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(campaign_runs.c.run_id)).scalars())


def _catch_up(steps: Steps, restored: Restored, *, is_warehouse_new: bool) -> None:
    """Load what came since the backup and build; what fails is left to a person, the restore itself stands."""
    todo: dict[str, Callable[[], object]] = {}
    if is_warehouse_new:
        todo["bma sync crm --full"] = lambda: steps.sync_crm("full")
    todo["bma sync journal"] = steps.sync_journal
    if is_warehouse_new:  # what was foreseen since the backup is foreseen again
        todo["bma build && bma predict && bma publish"] = lambda: (steps.build(), predict(steps), steps.publish())
    else:
        todo["bma build && bma publish"] = lambda: (steps.build(), steps.publish())
    for command, step in todo.items():
        steps.on_progress(command)
        try:
            step()
        except HouseError as error:
            restored.left_to_do[command] = str(error)
