"""Suggested answers: by what a message is about, in its language, with the person's name, never more than a few."""

import pytest

from campaigns.suggestions import suggest


@pytest.mark.parametrize(
    ("message", "topics"),
    [
        ("There is no music in the lobby", ["offline"]),
        ("เพลงไม่เล่นที่ล็อบบี้ครับ", ["offline"]),
        ("Can you send me the invoice again?", ["invoice"]),
        ("รบกวนส่งใบแจ้งหนี้อีกครั้งค่ะ", ["invoice"]),
        ("โทรกลับหน่อยครับ", ["call"]),
        ("This prevents nothing", []),
        ("", []),
    ],
)
def test_what_a_message_is_about_decides(message, topics):
    assert [each.topic for each in suggest(message, "Malee")] == topics


def test_the_answer_is_in_the_messages_language_and_names_the_person():
    (english,), (thai,) = suggest("no sound", "Malee"), suggest("ไม่มีเสียง", "มาลี")

    assert "Malee" in english.text and english.text.isascii()
    assert "คุณมาลี" in thai.text


def test_without_a_name_the_words_close_up():
    (english,), (thai,) = suggest("no sound", ""), suggest("ไม่มีเสียง", "")

    assert "{{" not in english.text + thai.text
    assert english.text.startswith("Thank you for telling us. ")
    assert " คุณ" not in thai.text


def test_of_many_topics_the_best_three_are_offered():
    found = suggest("invoice receipt payment price playlist event call", "")

    assert found[0].topic == "invoice"
    assert len(found) == 3
