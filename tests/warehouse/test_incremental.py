"""A build of what changed gives what a whole build gives, whatever came in between and wherever it stopped."""

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.conftest import add, make_raw_tables
from tests.warehouse.histories import History
from warehouse import build as building
from warehouse import incremental
from warehouse.build import Mode, build
from warehouse.catalog import Address, Model, read_models
from warehouse.connect import connect
from warehouse.transaction import in_transaction

HISTORIES = int(os.environ.get("HISTORIES", "30"))  # 200 are the whole proof: some minutes
FOLLOWED = {str(model.address) for model in read_models() if model.key is not None}


def reached() -> set[str]:
    """Every model that messages and events reach."""
    found = set(FOLLOWED)
    for model in read_models():
        if found & {str(each) for each in model.depends}:
            found.add(str(model.address))
    return found


def fill(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Make a warehouse whose journal is loaded in numbered loads, and build it once."""
    make_raw_tables(connection)
    for table in ("messages", "events"):
        connection.execute(f"alter table raw.journal__{table} add column _load_number bigint")
    for number in range(1, 5):
        contact = {"id": f"p{number}", "company": "c1", "_is_deleted": False, "is_active": True}
        add(connection, "crm__contacts", contact)
    for code, amount in (("66", 0.01), ("", 0.02)):
        price = {"channel": "whatsapp", "category": "utility", "country": "", "calling_code": code, "amount": amount}
        add(connection, "providers__prices", price | {"currency": "THB", "valid_from": date(2020, 1, 1)})
    build(connection, now=now)


@pytest.fixture
def journal(now: datetime) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory whose journal is loaded in numbered loads, with everything else built once."""
    with connect(Path(":memory:")) as connection:
        connection.execute("set threads = 1")  # small tables: more threads only wait for each other
        fill(connection, now)
        yield connection


def contents(connection: duckdb.DuckDBPyConnection, names: set[str]) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the tables, in an order of their own."""
    return {name: sorted(connection.execute(f"from {name}").fetchall(), key=repr) for name in sorted(names)}


class KilledError(Exception):
    """The build stops here."""


def interrupted(connection: duckdb.DuckDBPyConnection, history: History, names: set[str]) -> None:
    """Build some models, or die after some."""
    after = history.random.randint(1, len(names))

    def die(_run: building.ModelRun) -> None:
        nonlocal after
        after -= 1
        if not after:
            raise KilledError

    chosen = names if history.random.random() < 0.5 else set(history.random.sample(sorted(names), after))
    try:
        build(connection, now=history.now, select=chosen, on_model=die)
    except KilledError:
        return


def with_other_classifier(models: tuple[Model, ...], seconds: int) -> tuple[Model, ...]:
    """Return the models with another time within which a click is too fast for a person."""
    return tuple(
        replace(model, sql=model.sql.replace("interval 5 seconds", f"interval {seconds} seconds"))
        if model.address.table == "message_events"
        else model
        for model in models
    )


@pytest.mark.timeout(1800)  # 190 s of one core, however busy the machine is
def test_a_build_of_what_changed_equals_a_whole_build_after_random_histories(
    journal: duckdb.DuckDBPyConnection, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = reached()
    counts: Counter[str] = Counter()
    last_load = 0
    for seed in range(HISTORIES):
        # The tables of the history before stand: its rows are gone from under them.
        for table in ("messages", "events"):
            journal.execute(f"delete from raw.journal__{table}")
        history = History(journal, seed, now, last_load)
        models = read_models()
        for _ in range(history.random.randint(1, 3)):
            history.load()
            if history.random.random() < 0.3:
                interrupted(journal, history, FOLLOWED)
            elif history.random.random() < 0.1:
                models = with_other_classifier(models, history.random.randint(1, 15))
                monkeypatch.setattr(building, "read_models", lambda models=models: models)
                counts["other classifiers"] += 1
            else:  # in one transaction, as on a lake
                in_transaction(journal, lambda now=history.now: build(journal, now=now, select=FOLLOWED))
        history.load()
        last_load = history.last_load
        for run in in_transaction(journal, lambda now=history.now: build(journal, now=now, select=names)):
            counts[run.mode] += str(run.model.address) in FOLLOWED
        followed = contents(journal, names)
        in_transaction(journal, lambda now=history.now: build(journal, now=now, select=names, is_full=True))
        whole = contents(journal, names)
        assert [name for name in names if followed[name] != whole[name]] == [], f"history {seed}"
        counts["rows"] += sum(map(len, whole.values()))
        monkeypatch.undo()
    print(f"{HISTORIES} histories, {len(names)} tables each: {dict(counts)}")
    assert counts[Mode.TOUCHED] > HISTORIES


@pytest.mark.parametrize("moment", ["before the commit of", "after"])
@pytest.mark.parametrize("table", ["journal__events", "message_events", "daily_run_metrics"])
def test_a_build_killed_in_or_between_models_is_made_good_by_the_next(
    tmp_path: Path, now: datetime, table: str, moment: str
) -> None:
    path = tmp_path / "warehouse.duckdb"
    with connect(path) as connection:
        fill(connection, now)
        history = History(connection, 7, now)
        for _ in range(3):
            history.load()
        build(connection, now=history.now)
        history.load()
    process = multiprocessing.get_context("spawn").Process(
        target=_build_and_die, args=(path, history.now, table, moment == "after")
    )
    process.start()
    process.join(60)

    with connect(path) as connection:
        modes = {run.model.address.table: run.mode for run in build(connection, now=history.now)}
        names = {str(model.address) for model in read_models()}
        followed = contents(connection, names)
        build(connection, now=history.now, is_full=True)
        whole = contents(connection, names)

    assert process.exitcode == -signal.SIGKILL
    assert modes["journal__events"] == modes["messages"] == Mode.TOUCHED
    assert [name for name in names if followed[name] != whole[name]] == []


def _build_and_die(path: Path, now: datetime, table: str, is_committed: bool) -> None:
    def die(*_args: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with connect(path) as connection:
        if not is_committed:  # the touched rows are computed, and what the table was built from is not yet said

            def write(_connection: object, address: Address, _origin: object) -> None:
                if address.table == table:
                    die()
                else:
                    write_origin(connection, address, _origin)

            write_origin, incremental.write_origin = incremental.write_origin, write
        build(connection, now=now, on_model=lambda run: die() if run.model.address.table == table else None)


def test_what_nobody_touched_is_left_alone(journal: duckdb.DuckDBPyConnection, now: datetime) -> None:
    runs = {str(run.model.address): run.mode for run in build(journal, now=now)}

    assert runs["marts.contacts"] == runs["staging.crm__companies"] == Mode.UNCHANGED
    assert {runs[name] for name in FOLLOWED} == {Mode.TOUCHED}


def test_a_row_of_the_crm_that_changes_without_its_time_is_seen(
    journal: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    journal.execute("update raw.crm__contacts set name = 'Malee' where id = 'p1'")

    runs = {str(run.model.address): run.mode for run in build(journal, now=now)}

    assert runs["staging.crm__contacts"] == runs["marts.contacts"] == Mode.WHOLE
    assert journal.execute("select name from marts.contacts where contact_id = 'p1'").fetchall() == [("Malee",)]


def test_a_table_somebody_else_made_is_built_whole(journal: duckdb.DuckDBPyConnection, now: datetime) -> None:
    journal.execute("create or replace table marts.messages as from marts.messages limit 0")
    journal.execute("create or replace table marts.contacts as from marts.contacts limit 0")

    runs = {str(run.model.address): run.mode for run in build(journal, now=now)}

    assert runs["marts.messages"] == runs["marts.daily_run_metrics"] == runs["marts.contacts"] == Mode.WHOLE


def test_a_deleted_row_whose_place_another_takes_leaves_the_marts(
    journal: duckdb.DuckDBPyConnection, now: datetime
) -> None:
    history = History(journal, 3, now)
    while not journal.execute("select 1 from raw.journal__events").fetchall():
        history.load()
    build(journal, now=history.now)
    (gone,) = journal.execute("select min(event_id) from raw.journal__events").fetchone() or (None,)
    journal.execute(
        "update raw.journal__events set event_id = 'another', _load_number = _load_number + 1000 where event_id = ?",
        [gone],
    )

    build(journal, now=history.now)

    found = [key for (key,) in journal.execute("select event_id from marts.message_events").fetchall()]
    assert gone not in found and "another" in found


def test_what_is_followed_does_not_depend_on_the_time_of_the_build() -> None:
    by_name = {str(model.address): model for model in read_models()}

    for name in FOLLOWED:
        assert "getvariable" not in by_name[name].sql
        for above in by_name[name].depends:
            # Another price list is another generation, and all is built whole.
            assert above.layer == "raw" or str(above) in {*FOLLOWED, "staging.providers__prices"}
    assert "getvariable" not in by_name["staging.providers__prices"].sql
