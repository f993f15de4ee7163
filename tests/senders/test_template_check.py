"""A template says what is wrong with it while it is written: by field, with the limit and where that stands."""

from typing import Any

import pytest

from campaigns import templates, transactional
from campaigns.playbooks import read_playbooks
from core.errors import PermanentError
from core.vocabulary import Channel
from senders.email.mjml_page import compile_page
from senders.template_check import check_template
from senders.templates import utf16_units

SHIPPED = [
    *((key, content) for book in read_playbooks() for key, content in templates.contents(book).items()),
    *((key, content) for each in transactional.read_templates().values() for key, content in each.contents().items()),
]
PAGE = (
    "<mjml lang='th'><mj-head><mj-style inline='inline'>.big { font-size: 20px }</mj-style></mj-head><mj-body>"
    "<mj-section><mj-column><mj-text><p class='big'>เรียน {{ contact_name }}</p>"
    "{% if days_left < 3 %}ด่วน{% endif %}</mj-text>"
    "<mj-button href='{{ button_url }}'>{{ \"ต่อ\" if days_left > 1 else 'โทร' }}</mj-button>"
    "</mj-column></mj-section></mj-body></mjml>"
)


def content(**changes: Any) -> dict[str, Any]:
    return {"required": ["contact_name"], "text": "Dear {{ contact_name }}", "language": "en", **changes}


def bubble(**changes: Any) -> dict[str, Any]:
    inner = {"type": "bubble", "body": {"type": "box", "layout": "vertical", "contents": []}, **changes}
    return {"type": "flex", "altText": "Music", "contents": inner}


def carousel(count: int) -> dict[str, Any]:
    return {
        "type": "flex",
        "altText": "Music",
        "contents": {"type": "carousel", "contents": [{"type": "bubble"}] * count},
    }


@pytest.mark.parametrize(("key", "shipped"), SHIPPED, ids=["-".join(key) for key, _ in SHIPPED])
def test_nothing_is_wrong_with_what_comes_with_the_product(key: tuple[str, ...], shipped: dict[str, Any]) -> None:
    assert check_template(Channel(key[1]), shipped) == []


@pytest.mark.parametrize(
    ("channel", "wrong", "field", "limit"),
    [
        ("line", content(text="x" * 5001), "text", 5000),
        ("line", content(text="🎵" * 2501), "text", 5000),
        ("whatsapp", content(text="x" * 1025, name="ok", parameters=[]), "text", 1024),
        ("whatsapp", content(name="n" * 513, parameters=[]), "name", 512),
        ("whatsapp", content(name="Not Ok", parameters=[]), "name", None),
        ("whatsapp", content(name="ok", parameters=["contact_name", "city"]), "parameters.2", None),
        ("email", content(subject="ก" * 333), "subject", 998),
        ("email", content(subject="one\ntwo"), "subject", None),
        ("email", content(subject="{{ contact_name"), "subject", None),
        ("email", content(subject="s", button={"label": "go", "url": "http://a.example"}), "button", None),
        ("email", content(subject="s", html="<p>no way on</p>", button={"url": "https://a.example"}), "button", None),
        ("email", content(subject="s", text=" "), "text", None),
        ("line", content(flex=bubble() | {"altText": "x" * 401}), "flex.altText", 400),
        ("line", content(flex=bubble(x="y" * 31_000)), "flex.bubble", 30_720),
        ("line", content(flex=carousel(13)), "flex.carousel.contents", 12),
        ("line", content(flex=bubble(type="box")), "flex", None),
        ("line", content(flex=bubble(action={"type": "uri", "uri": "http://a.example"})), "flex", None),
        ("line", content(flex=bubble(action={"type": "uri", "uri": "https://a.example/เพลง"})), "flex", None),
        ("line", content(flex=bubble(text="{{ city }}")), "flex", None),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_breaks_a_rule_is_named_with_its_limit(channel: str, wrong: Any, field: str, limit: int | None) -> None:
    (problem,) = check_template(Channel(channel), wrong)

    assert (problem.field, problem.limit) == (field, limit)
    assert problem.said and any("\u0e00" <= char <= "\u0e7f" for char in problem.said_th)
    assert limit is None or problem.source.startswith("§")


def test_what_just_fits_is_right() -> None:
    assert utf16_units("🎵ก") == 3
    assert check_template(Channel.LINE, content(text="🎵" * 2500)) == []
    assert check_template(Channel.LINE, content(flex=carousel(12))) == []


def test_with_a_person_it_is_the_filled_text_that_counts_and_a_blank_is_told() -> None:
    long_name = content(text="{{ contact_name }}")

    assert check_template(Channel.LINE, long_name) == []
    assert check_template(Channel.LINE, long_name, {"contact_name": "x" * 5001})[0].field == "variables"
    assert "contact_name" in check_template(Channel.LINE, long_name, {"contact_name": ""})[0].said


def test_a_page_in_mjml_becomes_html_with_its_styles_inlined_and_its_variables_left_open() -> None:
    page = compile_page(PAGE)

    assert "<mj-" not in page and "<table" in page
    assert "เรียน {{ contact_name }}" in page
    assert "{% if days_left < 3 %}ด่วน{% endif %}" in page
    assert 'href="{{ button_url }}"' in page
    assert "{{ \"ต่อ\" if days_left > 1 else 'โทร' }}" in page
    assert "font-size: 20px" in page.partition("<body")[2]


@pytest.mark.parametrize(
    "source",
    [
        "hello",
        "<mjml><mj-body>",
        PAGE.replace("mj-button", "mj-knob"),
        PAGE.replace("<mj-head>", "<mj-head>{{ contact_name }}"),
        PAGE.replace("<mj-head>", "<mj-head><mj-include path='/etc/passwd'/>"),
    ],
)
def test_mjml_that_is_broken_loses_something_or_reaches_for_a_file_is_refused(source: str) -> None:
    with pytest.raises(PermanentError):
        compile_page(source)


def test_a_flex_message_leads_nobody_out_of_the_sandbox() -> None:
    escape = content(flex=bubble(text="{{ contact_name.__class__.__mro__ }}"))

    assert check_template(Channel.LINE, escape, {"contact_name": "Malee"})[0].field == "variables"
