"""The SQL of a rule tree gives the members that a plain reading of the tree gives, whatever the tree and the data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.explain import explain
from campaigns.segments import Library, Segment, find_members, from_text
from tests.campaigns.naive import Town
from tests.campaigns.random_town import NOW, OTHER, TABLES, random_town
from warehouse.connect import connect

_MARTS = {"events": "message_events"}
_HEAD = {"name": "N", "name_th": "น", "version": 1}


def _write(connection: duckdb.DuckDBPyConnection, town: Town) -> None:
    for name, rows in town.tables.items():
        table = f"marts.{_MARTS.get(name, name)}"
        connection.execute(f"delete from {table}")
        marks = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
        values = [value for row in rows for value in row.values()]
        connection.execute(f"insert into {table} ({', '.join(rows[0])}) values {marks}", values)


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Path(tmp_path_factory.mktemp("rules")) / "warehouse.duckdb") as connection:
        connection.execute("create schema marts")
        for name, columns in TABLES.items():
            connection.execute(f"create table marts.{_MARTS.get(name, name)} ({columns})")
        yield connection


_DAYS = st.sampled_from([0, 1, 7, 30])
_AMOUNTS = st.sampled_from([0, 99.99, 100, "100.01"])
_WINDOWS = st.sampled_from([1, 7, 30])
_NAMES = st.sampled_from(["Malee", "o'hara", "' or 1=1 --", "%", "", "$p1", "50%_x"])


def _clause(field: str, **operators: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        *(st.fixed_dictionaries({"field": st.just(field), name: value}) for name, value in operators.items())
    )


def _money(field: str) -> st.SearchStrategy[dict[str, Any]]:
    asked, currencies = (
        _clause(field, above=_AMOUNTS, at_least=_AMOUNTS, below=_AMOUNTS),
        st.sampled_from(["THB", "USD"]),
    )
    in_currency = st.builds(lambda clause, currency: {**clause, "currency": currency}, asked, currencies)
    return st.one_of(in_currency, _clause(field, is_known=st.booleans()))


def _dates(field: str) -> st.SearchStrategy[dict[str, Any]]:
    relative = dict.fromkeys(("in_next_days", "in_last_days", "more_than_days_ahead", "more_than_days_ago"), _DAYS)
    fixed = st.sampled_from(["2026-03-02", "2026-02-23"])
    return _clause(field, **relative, before=fixed, after=fixed, **{"is": fixed}, is_known=st.booleans())


def _times(field: str) -> st.SearchStrategy[dict[str, Any]]:
    spans = dict.fromkeys(("in_next_days", "in_last_days", "more_than_days_ago", "more_than_hours_ago"), _DAYS)
    return _clause(field, **spans, in_future=st.booleans(), before=st.just("2026-03-02T03:00:00"))


def _words(field: str, *words: str) -> st.SearchStrategy[dict[str, Any]]:
    one, some = st.sampled_from(words), st.lists(st.sampled_from(words), min_size=1, max_size=2)
    return _clause(field, **{"is": one, "is_not": one, "in": some, "not_in": some}, is_known=st.booleans())


def _trees(leaves: st.SearchStrategy[dict[str, Any]], most: int) -> st.SearchStrategy[dict[str, Any]]:
    def groups(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        some = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            st.fixed_dictionaries({"all": some}),
            st.fixed_dictionaries({"any": some}),
            st.fixed_dictionaries({"not": inner}),
        )

    return st.recursive(leaves, groups, max_leaves=most)


_FLAG = {"is": st.booleans()}
_CONTRACTS = _trees(
    st.one_of(
        _words("status", "Active", "Draft"), _dates("end_date"), _money("value"), _clause("has_successor", **_FLAG)
    ),
    3,
)
_TICKETS = _trees(st.one_of(_words("priority", "low", "urgent"), _clause("is_open", **_FLAG), _times("created_at")), 3)
_EVENTS = _trees(st.one_of(_words("channel", "email", "line"), _words("actor", "human", "machine")), 2)
_MESSAGES = _trees(st.one_of(_words("channel", "email", "line"), _times("replied_at")), 2)
_COMPARED = st.one_of(
    *(
        st.fixed_dictionaries({name: st.sampled_from([0, 1, 2, 100])})
        for name in ("at_least", "below", "is", "is_not", "above")
    )
)


@st.composite
def _aggregates(draw: st.DrawFn) -> dict[str, Any]:
    table, where = draw(
        st.sampled_from(
            [("contracts", _CONTRACTS), ("tickets", _TICKETS), ("events", _EVENTS), ("messages", _MESSAGES)]
        )
    )
    kinds = ["count", "has"] + ["sum", "max", "min"] * (table == "contracts") + ["did"] * (table == "events")
    kind = draw(st.sampled_from(kinds))
    clause: dict[str, Any] = {kind: table}
    if kind == "did":
        clause = {"did": draw(st.sampled_from(["opened", "clicked"]))}
    elif kind in ("sum", "max", "min"):
        clause = {kind: "contracts.value", "currency": draw(st.sampled_from(["THB", "USD"]))}
    if kind not in ("has", "did") or draw(st.booleans()):
        clause |= draw(_COMPARED)
    if draw(st.integers(0, 3)):
        clause["where"] = draw(where)
    if not draw(st.integers(0, 2)):
        clause["days"] = draw(_WINDOWS)
    return clause


_PERSON = st.one_of(
    _clause(
        "contact.name", **{"is": _NAMES, "is_not": _NAMES}, contains=_NAMES, starts_with=_NAMES, is_known=st.booleans()
    ),
    _words("contact.language", "en", "th"),
    _clause("contact.is_primary", **_FLAG),
    _clause("contact.consents", includes=st.just("renewal"), excludes=st.just("payment")),
    _words("company.country", "Thailand", "Japan"),
    _clause("company.zone_count", at_least=st.sampled_from([0, 3, 4]), between=st.just([1, 3]), is_known=st.booleans()),
    _money("company.contract_value"),
    _dates("company.next_renewal_date"),
)
_LEAVES = st.one_of(
    _PERSON,
    _aggregates(),
    _aggregates(),
    st.just({"segment": "other"}),
    st.fixed_dictionaries({"window_open": st.sampled_from(["whatsapp", "line"])}),
)
_SIDE_BY_SIDE = st.fixed_dictionaries({"any": st.lists(_aggregates(), min_size=2, max_size=3)})
_DEFINITIONS = st.builds(
    lambda where, subject: {"where": where} | ({"subject": {"of": "contract", "where": subject}} if subject else {}),
    st.one_of(_aggregates(), _PERSON, _SIDE_BY_SIDE, _trees(_LEAVES, 6)),  # one clause alone shows what a tree may hide
    st.one_of(st.none(), st.none(), _CONTRACTS),
)


def _segment(segment_id: str, definition: dict[str, Any]) -> Segment:
    return from_text(yaml.safe_dump({"segment_id": segment_id, **_HEAD, **definition}, allow_unicode=True), segment_id)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(definition=_DEFINITIONS, seed=st.integers(0, 40))
def test_the_compiled_sql_finds_whom_a_plain_reading_finds(marts, definition, seed):
    town, segment = random_town(seed), _segment("it", definition)
    _write(marts, town)
    library = Library((_segment("other", OTHER), segment))
    find_members(marts, segment, NOW, library)
    found = marts.execute("select contact_id, subject_id, reason from members").fetchall()

    assert sorted((contact, subject) for contact, subject, _ in found) == sorted(town.members(definition))
    assert all(reason is not None for *_, reason in found)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(definition=_DEFINITIONS, seed=st.integers(0, 40), number=st.integers(0, 5))
def test_explain_agrees_with_membership_and_its_verdicts_with_the_plain_reading(marts, definition, seed, number):
    town, segment, contact = random_town(seed), _segment("it", definition), f"p{number}"
    _write(marts, town)
    marts.execute("create schema if not exists raw")
    marts.execute(
        "create table if not exists raw.campaigns__segment_memberships (segment_id varchar, contact_id varchar, "
        "subject_type varchar, subject_id varchar, valid_from timestamptz, valid_to timestamptz, "
        "definition_version integer, reason varchar)"
    )
    told = explain(marts, segment, contact, Library((_segment("other", OTHER), segment)), now=NOW)
    subjects = {subject for key, subject in town.members(definition) if key == contact}

    assert {each["subject_id"] for each in told["subjects"] if each["is_in"]} == subjects
    assert told["is_in"] == bool(subjects)
    assert told["summary"].startswith("in: " if subjects else "not in")
    for each in told["subjects"]:
        decided = [clause for clause in each["clauses"] if clause["decided"]]
        assert decided
        assert {clause["held"] for clause in decided} == {each["is_in"]}
