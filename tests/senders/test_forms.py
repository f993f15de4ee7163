"""An email filled as bytes is, to the byte, the one that is composed the ordinary way."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import templates
from campaigns.playbooks import read_playbooks
from core.errors import PermanentError
from core.store.ledger import Message
from core.vocabulary import Channel
from senders.compose import Links, compose
from senders.contract import Outgoing
from senders.email.message import Mail, in_lines
from senders.forms import Form
from senders.templates import Template
from tests.senders.test_adapter_exam import IDENTITY

LINKS = Links(public_url="https://us.example/a&b", secret="secret")
LINK = "0c1d2e3f-0000-5000-8000-000000000001"
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    [
        "Lotus & Sons",
        "<b>",
        "100 %s",
        "มาลี",
        "two\nlines",
        " ",
        "",
        ".dot",
        "=_x",
        "_x",
        "\x1f",
        "a" * 400,
    ]
)
TEXTS = st.lists(
    WORDS.map(lambda text: text.replace("{", "("))
    | st.sampled_from(
        ["\n\n", "\n", "\n.", "\r\n", "{{ name }}", "{{ hotel }}", "{{ day|long_date }}", "{{ name|upper }}"]
    ),
    max_size=8,
).map("".join)
VARIABLES = st.fixed_dictionaries(
    {"name": WORDS | st.integers() | st.none(), "hotel": WORDS}, optional={"day": st.dates().map(str) | WORDS}
)


def message(variables: dict[str, Any], language: str = "en") -> Message:
    key = "0198c0de-0000-7000-8000-000000000001"
    address = "malee@hotel.example"
    return Message(key, "renewal", "c1", "email", "renewal", address, "letter", 1, language, variables, 0)


def template(text: str, *, language: str = "en", html: str = "", has_button: bool = True) -> Template:
    content = {"text": text, "subject": "To {{ hotel }}", "language": language, "required": ["name"]}
    button = {"button": {"label": "See & choose", "url": "https://us.example"}} if has_button else {}
    return Template({**content, **button, **({"html": html} if html else {})}, Channel.EMAIL)


def ordinarily(said: Message, words: Template) -> Outgoing | None:
    try:
        return compose(said, words, LINKS, LINK)
    except PermanentError:
        return None


def as_lines(outgoing: Outgoing) -> Outgoing:
    return replace(outgoing, text="", html="", lines=(in_lines(outgoing.text), in_lines(outgoing.html)))


def written(outgoing: Outgoing, *, eight_bit: bool) -> bytes:
    return re.sub(rb"Date: [^\r]*", b"", Mail(outgoing, IDENTITY).written(eight_bit=eight_bit))


@settings(max_examples=400)
@given(
    text=TEXTS,
    html=st.just("") | TEXTS.map(lambda text: f'<body>{text}<a href="{{{{ button_url }}}}">x</a></body>') | TEXTS,
    variables=VARIABLES,
    language=st.sampled_from(["en", "th"]),
    has_button=st.booleans(),
)
def test_what_is_filled_is_what_would_be_composed(
    text: str, html: str, variables: dict[str, Any], language: str, has_button: bool
) -> None:
    words = template(text, language=language, html=html, has_button=has_button)
    said = message(variables, language)
    form = Form.of(words, said, LINKS)
    filled = form.fill(said, LINK) if form is not None else None
    if filled is None:
        return
    composed = ordinarily(said, words)
    assert composed is not None and filled == as_lines(composed)
    mail = Mail(composed, IDENTITY)
    assert mail.fits_eight_bits and Mail(filled, IDENTITY).fits_eight_bits
    assert b"\r\n." not in written(filled, eight_bit=True)
    for eight_bit in (True, False):
        assert written(filled, eight_bit=eight_bit) == written(composed, eight_bit=eight_bit)


EMAILS = {
    "-".join(key): Template(content, Channel.EMAIL)
    for playbook in read_playbooks()
    for key, content in templates.contents(playbook).items()
    if key[1] == "email"
}
OF_TEXT_AND_VARIABLES = {name: words for name, words in EMAILS.items() if words.patterns() is not None}


def test_most_emails_of_the_playbooks_are_text_and_variables() -> None:
    assert len(OF_TEXT_AND_VARIABLES) > len(EMAILS) * 0.75


@pytest.mark.parametrize("name", OF_TEXT_AND_VARIABLES)
def test_an_email_of_the_playbooks_is_filled(name: str) -> None:
    words = OF_TEXT_AND_VARIABLES[name]
    names = {each for pattern in words.patterns() or () if pattern is not None for each in pattern.names}
    said = message(dict.fromkeys({*names, *words._required} - {"button_url"}, "2026-12-24"), words._language)
    form = Form.of(words, said, LINKS)
    filled = form.fill(said, LINK) if form is not None else None

    assert filled is not None and filled == as_lines(compose(said, words, LINKS, LINK))


def test_an_ordinary_value_is_filled_and_one_of_two_lines_is_left_to_the_ordinary_way() -> None:
    words = template("Dear {{ name }} of {{ hotel }},\n\nyour music ends.")
    said = message({"name": "Malee", "hotel": "Lotus & Sons"})
    form = Form.of(words, said, LINKS)

    assert form is not None and form.fill(said, LINK) == as_lines(compose(said, words, LINKS, LINK))
    for name in ("two\nlines", " Malee", "Malee ", "", ".", "_", "a=b", "a\0b", "a\rb", "a\x1fb", "\ud800", "x" * 1000):
        assert form.fill(said._replace(variables={"name": name, "hotel": "x"}), LINK) is None, name
    assert form.fill(said._replace(variables={"name": "Malee"}), LINK) is None
    assert form.fill(said._replace(contact_id="c" * 200), LINK) is None


@pytest.mark.parametrize(
    "text", ["{{ name|upper }}", "{% if name %}x{% endif %}", ".dot", "a\n.dot", "a=_b", "a\0b", "x" * 999]
)
def test_what_cannot_be_taken_apart_has_no_form(text: str) -> None:
    assert Form.of(template(text), message({}), LINKS) is None
