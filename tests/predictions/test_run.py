"""A run writes scores that the marts show, does again what it did, and leaves what it said before to be found."""

from datetime import timedelta

import pytest
import yaml

from campaigns.explain import explain
from campaigns.past import as_of
from campaigns.segments import Library, find_members, from_text
from predictions import model, run
from predictions.tables import MAKES, TABLES
from tests.campaigns.conftest import Town
from tests.predictions.conftest import settle
from tests.warehouse.conftest import add
from warehouse.build import Mode, build
from warehouse.catalog import read_models, with_upstream
from warehouse.checks import run_checks


def _predict(town: Town) -> list[run.Predicted]:
    done = run.predict(town.connection, town.now)
    settle(town.connection, town.now)
    return done


def test_what_was_scored_stands_in_the_marts_and_keeps_their_promises(lived: Town) -> None:
    done = {each.model.model_id: each for each in _predict(lived)}
    counted = {
        name: lived.connection.execute(
            f"select count(*), count(score), any_value(model_version) from marts.{mart}"
        ).fetchone()
        for name, mart in (
            ("churn", "churn_scores"),
            ("lifetime_value", "lifetime_values"),
            ("send_time", "send_time_scores"),
        )
    }

    assert {name: (each.rows, each.scored) for name, each in done.items()} == {
        name: (rows, scored) for name, (rows, scored, _) in counted.items()
    }
    assert counted["churn"][1] > 50 and counted["churn"][2] == done["churn"].model.model_version
    bins = lived.connection.execute("select sum(left_count), count(*) from marts.churn_calibration").fetchone()
    assert bins == (done["churn"].model.figures["happened"], 5)
    broken = [
        result for each in read_models() if str(each.address) in MAKES for result in run_checks(lived.connection, each)
    ]
    assert [str(result) for result in broken if not result.is_ok] == []


def test_a_full_and_an_incremental_build_are_equal_and_the_second_does_nothing(lived: Town) -> None:
    _predict(lived)
    tables = sorted(with_upstream(*MAKES))
    found = {table: lived.connection.execute(f"from {table} order by all").fetchall() for table in tables}
    again = build(lived.connection, now=lived.now, select=tables)
    whole = build(lived.connection, now=lived.now, select=tables, is_full=True)

    assert {each.mode for each in again} == {Mode.UNCHANGED}
    assert {each.mode for each in whole} == {Mode.WHOLE}
    for table in tables:
        assert lived.connection.execute(f"from {table} order by all").fetchall() == found[table]


def test_the_same_moment_twice_is_once(lived: Town) -> None:
    _predict(lived)
    before = [lived.connection.execute(f"from raw.{table} order by all").fetchall() for table in TABLES]
    _predict(lived)

    assert [lived.connection.execute(f"from raw.{table} order by all").fetchall() for table in TABLES] == before


def test_a_model_lasts_a_week_and_no_longer_than_its_code(lived: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fitted_now() -> set[bool]:
        return {each.is_new for each in _predict(lived)}

    assert fitted_now() == {True}
    lived.now += timedelta(days=1)
    assert fitted_now() == {False}
    lived.now += timedelta(days=6)
    assert fitted_now() == {True}
    lived.now += timedelta(days=1)
    monkeypatch.setattr(model, "code", lambda: "other lines")
    assert fitted_now() == {True}


def test_scores_of_yesterday_are_found_as_of_yesterday(lived: Town) -> None:
    add(lived.connection, "crm__loads", {"table_name": "crm__contracts", "loaded_at": lived.now - timedelta(days=30)})
    yesterday = lived.now
    _predict(lived)
    asked = "select company_id, score from marts.churn_scores order by all"
    said = lived.connection.execute(asked).fetchall()
    lived.now += timedelta(days=20)
    _predict(lived)
    assert lived.connection.execute(asked).fetchall() != said

    with as_of(lived.connection, yesterday, ["marts.churn_scores"]):
        assert lived.connection.execute(asked).fetchall() == said


def _segment(where: object) -> object:
    return from_text(
        yaml.safe_dump({"segment_id": "it", "name": "It", "name_th": "มัน", "version": 1, "where": where}), "it"
    )


def _contact_per_company(town: Town) -> None:
    for (company,) in town.connection.execute("select id from raw.crm__companies order by id").fetchall():
        town.contact(company)


@pytest.mark.parametrize(
    ("where", "mart"),
    [
        ({"field": "churn.score", "at_least": 0.3}, "marts.churn_scores where score >= 0.3"),
        (
            {"max": "lifetime_values.score", "currency": "THB", "at_least": 60_000},
            "marts.lifetime_values where currency = 'THB' and score >= 60000",
        ),
    ],
)
def test_predicted_scores_are_conditions_of_segments_and_explained(lived: Town, where: object, mart: str) -> None:
    _contact_per_company(lived)
    lived.settle()
    _predict(lived)
    it = _segment(where)
    find_members(lived.connection, it, lived.now, Library((it,)))
    members = lived.connection.execute("select contact_id, company_id from members order by all").fetchall()
    wanted = {company for (company,) in lived.connection.execute(f"select company_id from {mart}").fetchall()}

    assert {company for _, company in members} == wanted
    assert 3 < len(wanted) < 110
    told = explain(lived.connection, it, members[0][0], Library((it,)), now=lived.now)
    assert told["is_in"] and "at least" in told["summary"]


def test_send_times_are_conditions_of_segments_and_unknown_ones_fulfil_none(lived: Town) -> None:
    _contact_per_company(lived)
    lived.settle()
    _predict(lived)
    it = _segment({"field": "send_time.best_hour", "at_least": 9})
    find_members(lived.connection, it, lived.now, Library((it,)))

    assert lived.connection.execute("select count(*) from members").fetchone() == (0,)
    assert lived.connection.execute("select distinct state from marts.send_time_scores").fetchall() == [
        ("not_enough_history",)
    ]


def test_an_empty_warehouse_gives_states_and_no_error(town: Town) -> None:
    settle(town.connection, town.now)
    done = _predict(town)

    assert {(each.model.state, each.rows) for each in done} == {("not_enough_history", 0)}
