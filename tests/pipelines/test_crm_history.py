"""The history of CRM rows: every change our loads saw, once, whatever dies in between."""

import contextlib
import random
from datetime import timedelta
from itertools import pairwise

import duckdb
import pytest

from core.errors import PermanentError
from pipelines import crm, existing
from pipelines.crm import history
from pipelines.crm.tables import TABLES
from pipelines.profiles import arrow_table
from tests.pipelines.conftest import NOW

FIELDS = {"companies": "city", "contacts": "title", "invoices": "status", "opportunities": "stage", "tickets": "tags"}
ALL = "select entity, entity_id, field, old_value, new_value from raw.crm__history order by valid_from, entity, field"


def first(standin, kind):
    return next(iter(standin.rows[kind].values()))


def test_a_first_load_has_no_history(load, ask):
    assert load().rows["crm__history"] == 0
    assert ask(ALL) == []


def test_each_changed_field_is_told_once_with_both_values(load, ask, standin):
    invoice, contact = first(standin, "invoices"), first(standin, "contacts")
    load()
    told = {"old": invoice["total_amount"], "paid": invoice["paid_date"], "flag": contact["is_primary"]}
    invoice.update(total_amount="99.50", paid_date="2026-11-22")
    contact["is_primary"] = not told["flag"]
    load(mode="full")
    load(mode="full")

    assert ask(ALL) == [
        ("contacts", contact["id"], "is_primary", str(told["flag"]).lower(), str(not told["flag"]).lower()),
        ("invoices", invoice["id"], "paid_date", told["paid"], "2026-11-22"),
        ("invoices", invoice["id"], "total_amount", told["old"], "99.50"),
    ]


def test_a_deletion_and_a_return_are_changes_and_an_opt_out_is_the_contacts(load, ask, standin):
    ticket = first(standin, "tickets")
    load()
    del standin.rows["tickets"][ticket["id"]]
    standin.mcp_rows[0]["unsubscribed"] = True
    load(mode="full")
    standin.rows["tickets"][ticket["id"]] = ticket
    load(mode="full")

    assert ask(ALL) == [
        ("contacts", standin.mcp_rows[0]["id"], "unsubscribed", "false", "true"),
        ("tickets", ticket["id"], "is_deleted", "false", "true"),
        ("tickets", ticket["id"], "is_deleted", "true", "false"),
    ]


def test_a_column_that_we_only_begin_to_load_has_no_past(tmp_path):
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        connection.execute("create schema raw; create table raw.crm__companies (id varchar, name varchar)")
        connection.execute("insert into raw.crm__companies values ('c1', 'Siam Stay')")
    tables = {name: arrow_table([], columns) for name, columns in TABLES.items()}
    tables["crm__companies"] = arrow_table([{"id": "c1", "name": "Siam Inn", "city": "Trat"}], TABLES["crm__companies"])

    with existing.look(tmp_path / "old.duckdb") as held:
        assert [change["field"] for change in history.changes(tables, held, NOW)] == ["name"]


class Dying:
    """Loads as the real thing does, and dies when told: before anything, or with the first tables only."""

    def __init__(self, rng, real):
        self.rng, self.real, self.is_armed = rng, real, True

    def __call__(self, pipeline, tables, keys, **options):
        if not self.is_armed or self.rng.random() < 0.5:
            return self.real(pipeline, tables, keys, **options)
        names = self.rng.sample(sorted(tables), self.rng.randint(0, len(tables)))
        self.real(pipeline, {name: tables[name] for name in names}, keys, **options)
        raise PermanentError("killed")


def shown(ask):
    """Return what the raw tables say now, field by field."""
    found = {}
    for kind, field in FIELDS.items():
        for key, value, deleted in ask(f"select id, {field}, _is_deleted from raw.crm__{kind}"):
            found[kind, key, field] = value
            found[kind, key, "is_deleted"] = str(deleted).lower()
    for key, value in ask("select contact_id, unsubscribed from raw.crm__contact_preferences"):
        found["contacts", key, "unsubscribed"] = str(value).lower()
    return found


def live(standin, rng, spare):
    """Let a few things happen in the CRM: edits there and back, deletions, returns, opt-outs."""
    for kind, field in FIELDS.items():
        record = rng.choice(list(standin.rows[kind].values()))
        record[field] = rng.choice(["one", "two"])
        if rng.random() < 0.3:
            del standin.rows[kind][record["id"]]
            spare.append((kind, record))
    if spare and rng.random() < 0.5:
        kind, record = spare.pop()
        standin.rows[kind][record["id"]] = record
    rng.choice(standin.mcp_rows)["unsubscribed"] = rng.random() < 0.5


@pytest.mark.parametrize("seed", range(2))
def test_history_is_what_the_rows_went_through_whatever_dies(load, ask, standin, monkeypatch, seed):
    rng, spare = random.Random(seed), []
    load()
    dying = Dying(rng, crm.load_tables)
    monkeypatch.setattr(crm, "load_tables", dying)
    states = [shown(ask)]
    for step in range(8):
        dying.is_armed = step < 7
        live(standin, rng, spare)
        with contextlib.suppress(PermanentError):  # the host's clock stands still or goes back at times
            load(mode="full", now=NOW + timedelta(hours=rng.choice([step, 0, -step])))
        states.append(shown(ask))

    through = {}
    for before, after in pairwise(states):
        for name in before.keys() & after.keys():
            if before[name] != after[name]:
                through.setdefault(name, []).append((before[name], after[name]))
    told = {}
    for *name, old, new in ask(ALL):
        if name[0] in FIELDS:  # what lies nested in a row goes with it
            told.setdefault(tuple(name), []).append((old, new))
    assert told == through
