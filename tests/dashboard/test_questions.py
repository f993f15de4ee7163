"""The dashboard's questions run on the published copy, and its words are complete in both languages."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.vocabulary import Outcome, Purpose, Status
from reports.words import catalogue
from tests.warehouse.conftest import make_raw_tables
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.connect import connect
from warehouse.measure import read_metrics
from warehouse.publish import open_published, publish

DASHBOARD = Path(__file__).parents[2] / "dashboard"
REPORTS = DASHBOARD.with_name("reports")
QUESTIONS = sorted((DASHBOARD / "queries").glob("*.sql"))
WORDS = {language: catalogue(language) for language in ("en", "th")}
VALUES = {
    "campaign_id": "renewal",
    "run_id": "",
    "outcome": "",
    "company_id": "c1",
    "segment_id": "s",
    "text": "a",
    "days": 30,
    "day": date(2026, 3, 2),
    "first": date(2026, 2, 1),
    "last": date(2026, 3, 2),
    "channel": "",
    "campaign_ids": ["renewal"],
    "contact_id": "p1",
    "own_only": False,
    "contact_ids": ["p1"],
}
_PARAMETER = re.compile(r"\$(\w+)")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A published copy of an empty warehouse, open as the dashboard opens it."""
    folder, now = tmp_path_factory.mktemp("questions"), datetime(2026, 3, 2, 3, tzinfo=UTC)
    with connect(folder / "warehouse.duckdb") as warehouse:
        make_raw_tables(warehouse)
        build(warehouse, now=now)
        version = publish(warehouse, folder, now)
    with open_published(version.masked_path) as connection:
        yield connection


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_every_question_can_be_asked_of_an_empty_copy(question, copy):
    sql = question.read_text()

    copy.execute(sql, {name: VALUES[name] for name in _PARAMETER.findall(sql)} or None).fetchall()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_every_question_says_what_it_asks_and_somebody_asks_it(question):
    views = "".join(path.read_text() for path in DASHBOARD.rglob("*.py"))

    assert question.read_text().startswith("-- question: ")
    by_part = question.stem.startswith("company_") and 'ask(f"company_{part}"' in views
    assert f'ask("{question.stem}"' in views or by_part


def test_both_languages_have_the_same_words_with_the_same_blanks():
    assert WORDS["en"].keys() == WORDS["th"].keys()
    for key, english in WORDS["en"].items():
        assert sorted(re.findall(r"\{\w*\}", english)) == sorted(re.findall(r"\{\w*\}", WORDS["th"][key])), key
        assert WORDS["th"][key].strip()


def test_every_word_that_is_said_exists_and_none_lies_unused():
    source = "".join(path.read_text() for path in (*DASHBOARD.rglob("*.py"), *REPORTS.glob("*.py")))
    said = set(re.findall(r'(?:say|empty)\(\s*"(\w+)"', source))
    columns = "".join(path.read_text() for path in QUESTIONS)

    assert said <= WORDS["en"].keys()
    made_up = re.compile(
        r"(outcome|status|state|channel|moved|column|reject_type|severity|kind|purpose|measure|role|event|operator|last|export|grade|drawn_as|step|words|because|verdict|made_of|urgency|sentiment|department|topic|answer_not|when|dated_by|often|stop|delivery_state|conversion|category|actor)_"
    )  # said by the value they name
    unused = {key for key in WORDS["en"] if not re.search(rf"[\"']{key}[\"']", source) and not made_up.match(key)}
    assert {key for key in unused if not re.search(rf"\b{key}(_id)?\b", columns)} == set()


def test_every_outcome_and_status_has_words():
    for words in WORDS.values():
        assert {f"outcome_{outcome}" for outcome in Outcome} <= words.keys()
        assert {f"outcome_{outcome}_why" for outcome in Outcome} <= words.keys()
        assert {f"status_{status}" for status in Status} <= words.keys()
        assert {f"purpose_{purpose}" for purpose in Purpose} <= words.keys()


@pytest.mark.parametrize(
    ("mart", "column"), [("reconciliation", "state"), ("rejects", "reject_type"), ("crm_drift", "kind")]
)
def test_every_state_of_a_comparison_and_kind_of_reject_has_words(mart, column):
    (model,) = (model for model in read_models() if str(model.address) == f"marts.{mart}")

    for words in WORDS.values():
        assert {f"{column}_{value}" for value in dict(model.accepted)[column]} <= words.keys()


def test_every_column_of_every_shown_table_has_a_title_in_both_languages(copy):
    unshown = {
        "alarms",
        "company",
        "compared",
        "money",
        "todays_runs",
        "runs",
    }
    for question in QUESTIONS:
        sql = question.read_text()
        answer = copy.execute(sql, {name: VALUES[name] for name in _PARAMETER.findall(sql)} or None)
        for column in () if question.stem in unshown else (name for name, *_ in answer.description):
            name = column.removesuffix("_id")
            assert {f"column_{name}", name} & WORDS["th"].keys(), (question.stem, column)


@pytest.mark.parametrize("name", read_metrics())
def test_every_metric_that_a_report_may_choose_has_a_title_in_both_languages(name):
    for words in WORDS.values():
        assert {f"column_{name}", name} & words.keys()
        assert all({f"column_{each}", each} & words.keys() for each in _grain(name))


def _grain(name):
    return [column.removesuffix("_id") for column in read_metrics()[name].known_by]
