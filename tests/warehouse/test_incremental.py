"""A build of what changed gives what a whole build gives, whatever came in between and wherever it stopped."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.conftest import add, make_raw_tables
from tests.warehouse.histories import History
from warehouse import build as building
from warehouse.build import Mode, build
from warehouse.catalog import Model, read_models
from warehouse.connect import connect
from warehouse.transaction import in_transaction

HISTORIES = 200
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


@pytest.mark.timeout(600)
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
        for _ in range(history.random.randint(2, 4)):
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
