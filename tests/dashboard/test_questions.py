"""The dashboard's questions run on the published copy, and its words are complete in both languages."""

import re
from pathlib import Path

import pytest

from core.vocabulary import Outcome, Status
from dashboard.parts.words import catalogue
from tests.warehouse.conftest import warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.publish import open_published, publish

DASHBOARD = Path(__file__).parents[2] / "dashboard"
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
}
_PARAMETER = re.compile(r"\$(\w+)")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_every_question_can_be_asked_of_an_empty_copy(question, warehouse, tmp_path, now):  # noqa: F811
    build(warehouse, now=now)
    version = publish(warehouse, tmp_path, now)
    sql = question.read_text()

    with open_published(version.masked_path) as connection:
        connection.execute(sql, {name: VALUES[name] for name in _PARAMETER.findall(sql)} or None).fetchall()


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
    source = "".join(path.read_text() for path in DASHBOARD.rglob("*.py"))
    said = set(re.findall(r'(?:say|empty)\(\s*"(\w+)"', source))
    columns = "".join(path.read_text() for path in QUESTIONS)

    assert said <= WORDS["en"].keys()
    made_up = re.compile(
        r"(outcome|status|state|channel|moved|column|reject_type|severity|kind|role)_"
    )  # said by the value they name
    unused = {key for key in WORDS["en"] if not re.search(rf"[\"']{key}[\"']", source) and not made_up.match(key)}
    assert {key for key in unused if not re.search(rf"\b{key}(_id)?\b", columns)} == set()


def test_every_outcome_and_status_has_words():
    for words in WORDS.values():
        assert {f"outcome_{outcome}" for outcome in Outcome} <= words.keys()
        assert {f"outcome_{outcome}_why" for outcome in Outcome} <= words.keys()
        assert {f"status_{status}" for status in Status} <= words.keys()


@pytest.mark.parametrize(
    ("mart", "column"), [("reconciliation", "state"), ("rejects", "reject_type"), ("crm_drift", "kind")]
)
def test_every_state_of_a_comparison_and_kind_of_reject_has_words(mart, column):
    (model,) = (model for model in read_models() if str(model.address) == f"marts.{mart}")

    for words in WORDS.values():
        assert {f"{column}_{value}" for value in dict(model.accepted)[column]} <= words.keys()


def test_every_column_of_every_shown_table_has_a_title_in_both_languages(warehouse, tmp_path, now):  # noqa: F811
    build(warehouse, now=now)
    version = publish(warehouse, tmp_path, now)
    unshown = {
        "alarms",
        "company",
        "companies",
        "compared",
        "daily",
        "lift",
        "movements",
        "outcomes",
        "recent_outcomes",
        "runs",
    }
    with open_published(version.masked_path) as connection:
        for question in QUESTIONS:
            sql = question.read_text()
            answer = connection.execute(sql, {name: VALUES[name] for name in _PARAMETER.findall(sql)} or None)
            for column in () if question.stem in unshown else (name for name, *_ in answer.description):
                name = column.removesuffix("_id")
                assert {f"column_{name}", name} & WORDS["th"].keys(), (question.stem, column)
