"""What a message sounds like, in Thai and English, with negation; unknown when nobody can tell; judged once."""

import gzip
import json
from pathlib import Path

import pytest

from core.store.events import Event, record
from core.vocabulary import Channel, EventType
from pipelines import journal, judging
from pipelines.judging.sentiment import MODEL, read_model
from pipelines.judging.train import accuracy

_VALID = Path(__file__).parents[3] / "shared" / "data" / "wisesight" / "valid.jsonl.gz"


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("ดีมากเลย ขอบคุณครับ", "positive"),
        ("ประทับใจมากค่ะ", "positive"),
        ("บริการแย่มาก", "negative"),
        ("ไม่ดีเลย", "negative"),
        ("ไม่ประทับใจ", "negative"),
        ("ไม่ค่อยพอใจเท่าไหร่", "negative"),
        ("รบกวนส่งใบแจ้งหนี้อีกครั้งค่ะ", "neutral"),
        ("Thank you, the music is great", "positive"),
        ("This is not good at all", "negative"),
        ("No problem", "positive"),
        ("The worst service, unacceptable", "negative"),
        ("Can you call me?", "unknown"),
        ("good but slow", "unknown"),
        ("12345 !!!", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_mood_is_told_with_negation_heeded_and_unknown_where_it_cannot_be_told(text, sentiment):
    assert judging.judge(text).sentiment == sentiment


@pytest.mark.parametrize("text", ["ไม่มีปัญหาค่ะ", "ไม่แย่", "ไม่เป็นไรครับ"])
def test_what_is_denied_in_thai_is_no_complaint(text):
    assert judging.judge(text).sentiment != "negative"


@pytest.mark.parametrize(
    ("text", "urgency", "department"),
    [
        ("All zones are silent, please hurry", "urgent", "operations"),
        ("We want to cancel", "urgent", "sales"),
        ("ขอยกเลิกสัญญาค่ะ", "urgent", "sales"),
        ("ขอใบแจ้งหนี้ใหม่", "high", "finance"),
        ("เพลงไม่เล่นที่ล็อบบี้", "high", "operations"),
        ("A wedding on Saturday", "high", "design"),
        ("This prevents us from working", "normal", "support"),
        ("What is the price of one more?", "normal", "sales"),
        ("ขอบคุณครับ", "low", "support"),
        ("Thank you for nothing, awful and useless", "high", "support"),
    ],
)
def test_urgency_and_department_follow_the_words_of_the_trade(text, urgency, department):
    assert judging.judge(text)[2:] == (urgency, department)


def test_the_shipped_model_is_small_and_holds_numbers_and_labels_alone():
    assert MODEL.stat().st_size < 1_000_000
    assert read_model().labels == ["neg", "neu", "pos", "q"]


@pytest.mark.skipif(not _VALID.exists(), reason="needs Wisesight's validation split")
def test_the_shipped_model_is_worth_what_its_decision_says():
    with gzip.open(_VALID, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]

    assert accuracy([each["texts"] for each in found], [each["category"] for each in found]) > 0.715


@pytest.fixture
def load(sqlite_store, tmp_path):
    return lambda: journal.load(sqlite_store, data_dir=tmp_path, warehouse_path=tmp_path / "warehouse.duckdb")


def test_what_people_write_is_judged_once_a_version_and_again_by_a_new_one(sqlite_store, load, ask, now, monkeypatch):
    event = Event(
        event_id="e1",
        channel=Channel.LINE,
        event_type=EventType.REPLIED,
        occurred_at=now,
        provider_event_type="message",
        address="U1",
        detail={"text": "บริการแย่มาก"},
    )
    with sqlite_store.begin() as connection:
        record(connection, [event], received_at=now, now=now)
    first, again = load(), load()
    before = ask("select sentiment, classifier_version from raw.journal__judgements")
    monkeypatch.setattr(judging, "VERSION", "next")
    newer = load()

    assert (first.judged, again.judged, newer.judged) == (1, 0, 1)
    assert before == [("negative", "1")]
    assert ask("select sentiment, classifier_version from raw.journal__judgements") == [("negative", "next")]
