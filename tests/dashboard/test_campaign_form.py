"""The builder's form: what it makes is a campaign that the definitions take, and what is wrong is said by its field."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from campaigns import definitions, states
from campaigns.segments import open_library
from core.vocabulary import Channel
from dashboard.views.campaign_draft import Filled, definition, problems
from reports.words import Words

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
WORDS = {
    "en": {
        "subject": "Music",
        "text": "Dear {{ contact_name }}",
        "button": {"label": "See", "url": "https://x.example/"},
    },
    "th": {"subject": "เพลง", "text": "เรียน {{ contact_name }}", "button": {"label": "ดู", "url": "https://x.example/"}},
}


@pytest.fixture
def filled(sqlite_store):
    """A form as a marketer fills it in."""
    segment = next(each for each in open_library(sqlite_store).segments.values() if each.rules is not None)
    return Filled(
        conversion="replied",
        name="Song week",
        name_th="สัปดาห์เพลง",
        segment=segment,
        purpose="seasonal",
        channels=["line", "email"],
        when="once",
        day=date(2026, 3, 3),
        hour=time(10),
        cron="",
        time_zone="Asia/Bangkok",
        words={"a": WORDS},
        shares={"a": 100},
    )


def _saved(store, filled):
    assert problems(filled, NOW) == {}
    states.create_draft(store, definition(filled), by="user:nok", now=NOW)
    return definitions.find(store, filled.campaign_id)


def test_a_campaign_that_goes_out_once_in_its_time_zone(sqlite_store, filled):
    book = _saved(sqlite_store, replace(filled, time_zone="Asia/Dubai", holdout=20))

    assert book.at == datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert book.holdout_share == 0.2
    assert book.channels == [Channel.LINE, Channel.EMAIL]


def test_a_campaign_that_comes_again_by_cron_in_its_time_zone(sqlite_store, filled):
    book = _saved(sqlite_store, replace(filled, when="again", cron="30 9 * * 1-5", time_zone="Asia/Hong_Kong"))

    assert (book.cron, book.time_zone, book.at) == ("30 9 * * 1-5", "Asia/Hong_Kong", None)
    assert book.next_slot(NOW).astimezone(UTC) == datetime(2026, 3, 3, 1, 30, tzinfo=UTC)


def test_a_campaign_for_who_enters_a_segment_with_another_channel_behind(sqlite_store, filled):
    wish = replace(filled, when="entry", cron="0 10 * * *", after_days=2, stop_when=["replied"], fallback_hours=48)
    book = _saved(sqlite_store, wish)

    assert (book.trigger.on, book.steps, book.stop_when) == ("entry", {"entered": 2}, ["replied"])
    assert book.fallback_after_hours == 48
    assert book.template_for("entered") == "song_week_message"


@pytest.mark.parametrize(
    ("when", "asked", "step", "days"),
    [
        ("event", {"event_type": "clicked"}, "after_event", 1),
        ("date", {"date_field": "end_date"}, "around_date", -30),
    ],
)
def test_a_campaign_for_what_happens_or_around_a_date(sqlite_store, filled, when, asked, step, days):
    book = _saved(sqlite_store, replace(filled, when=when, cron="0 10 * * *", after_days=days, **asked))

    assert (book.trigger.on, book.steps) == (when, {step: days})
    assert {book.trigger.event_type, book.trigger.field} == {None, *asked.values()}
    assert book.template_for(step) == "song_week_message"


@pytest.mark.parametrize("language", ["en", "th"])
def test_the_form_offers_what_makes_a_campaign_due_and_nothing_else(language):
    assert list(Words(language).of_values("when")) == ["once", "again", "entry", "event", "date"]


def test_each_person_may_be_written_to_at_the_hour_of_best_response(sqlite_store, filled):
    assert _saved(sqlite_store, filled).send_time == "at_once"
    assert _saved(sqlite_store, replace(filled, name="Song hour", at_best_hour=True)).send_time == "best_hour"


def test_three_variants_have_their_share_and_their_own_template(sqlite_store, filled):
    shares = {"a": 50, "b": 30, "c": 20}
    book = _saved(sqlite_store, replace(filled, words=dict.fromkeys("abc", WORDS), shares=shares))
    (step,) = book.templates

    assert book.arms == {"a": 5000, "b": 3000, "c": 2000}
    assert [book.template_for(step, each) for each in "abc"] == [
        "song_week_message",
        "song_week_message_b",
        "song_week_message_c",
    ]
    assert book.messages.keys() == {"song_week_message", "song_week_message_b", "song_week_message_c"}


@pytest.mark.parametrize(
    ("changes", "field", "key"),
    [
        ({"name": "สัปดาห์"}, "name", "form_name"),
        ({"name_th": " "}, "name_th", "form_needed"),
        ({"segment": None}, "segment", "form_segment"),
        ({"channels": []}, "channels", "form_channels"),
        ({"channels": ["line"], "fallback_hours": 5}, "fallback", "form_fallback"),
        ({"day": (NOW - timedelta(days=1)).date()}, "day", "form_past"),
        ({"when": "again", "cron": "often"}, "cron", "form_cron"),
        ({"words": {"a": WORDS, "b": WORDS}, "shares": {"a": 50, "b": 40}}, "shares", "form_shares"),
    ],
)
def test_what_is_wrong_is_said_by_its_field(filled, changes, field, key):
    found = problems(replace(filled, **changes), NOW)

    assert {name: each.key for name, each in found.items()} == {field: key}


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("text", "", "form_needed"),
        ("text", "Dear {{ firstname }}", "form_blank"),
        ("text", "Dear {{ contact_name", "form_broken"),
        ("text", "x" * 1025, "form_long"),
        ("subject", " ", "form_needed"),
    ],
)
def test_wrong_words_are_said_by_variant_and_language(filled, name, value, key):
    words = {**WORDS, "th": {**WORDS["th"], name: value}}

    found = problems(replace(filled, words={"a": words}), NOW)

    assert {place: each.key for place, each in found.items()} == {f"{name}_a_th": key}
