"""What campaigns say: complete in both languages, on every channel, and never a blank or a zero."""

import base64
import re
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from campaigns import templates
from campaigns.playbooks import read_playbooks
from core.errors import PermanentError
from core.vocabulary import Channel
from senders.email.message import Identity, Mail
from senders.templates import MissingVariableError, Template, preview
from tests.senders.test_adapter_exam import IDENTITY, MESSAGE

CONTENTS = {
    (book.campaign_id, *key): content for book in read_playbooks() for key, content in templates.contents(book).items()
}
VALUES: dict[str, Any] = {
    "contact_name": "มาลี & Sons <b>",
    "company_name": "Lotus Bay Hotel",
    "contract_number": "TH-1",
    "end_date": "2026-03-31",
    "due_date": "2026-03-01",
    "amount": "14231.00",
    "currency": "THB",
    "zone_count": 3,
    "invoice_number": "INV-1",
    "days_late": 8,
    "offline_zones": ["Lobby", "Pool Bar"],
    "offline_zone_count": 2,
    "hours_offline": 5,
    "start_date": "2024-04-01",
    "sent_date": "2026-02-20",
    "valid_until": "2026-03-20",
    "quote_number": "TH-QT1",
    "ticket_number": "T-1",
    "ticket_subject": "Music stopped",
}
every_content = pytest.mark.parametrize("key", CONTENTS, ids="-".join)


@every_content
def test_every_template_renders_in_its_language_and_leaves_nothing_open(key: tuple[str, ...]) -> None:
    content, channel = CONTENTS[key], Channel(key[2])
    words, text = Template(content, channel).render(VALUES), preview(content, VALUES)

    assert not re.search(r"[{}]|None|\[\]", text + words.subject + "".join(words.parameters))
    assert bool(re.search("[\u0e00-\u0e7f]", text.replace("มาลี", ""))) == (key[3] == "th")
    assert words.text == ("" if channel is Channel.WHATSAPP else text)
    assert bool(words.subject) == (channel is Channel.EMAIL)
    assert all(words.parameters) == all(content.get("parameters", ()))


@every_content
def test_a_variable_without_a_value_stops_the_message_and_is_named(key: tuple[str, ...]) -> None:
    content = CONTENTS[key]
    for name in content["required"]:
        for nothing in (None, "", [], *((0,) if name.endswith("_count") else ())):
            with pytest.raises(MissingVariableError, match=name):
                Template(content, Channel(key[2])).render({**VALUES, name: nothing})


@every_content
def test_what_a_template_uses_it_also_requires(key: tuple[str, ...]) -> None:
    content = CONTENTS[key]
    written = (
        content["text"] + content.get("subject", "") + "".join(f"{{{{ {p} }}}}" for p in content.get("parameters", ()))
    )
    expressions = " ".join(re.findall(r"\{\{(.*?)\}\}", written))
    used = set(re.findall(r"\b[a-z]+_?[a-z_]*\b", re.sub(r'"[^"]*"|\|\w+', " ", expressions))) & VALUES.keys()

    assert used <= set(content["required"]) | {"currency"}


def test_languages_are_complete() -> None:
    thai = {key[:3] for key in CONTENTS if key[3] == "th"}
    english = {key[:3] for key in CONTENTS if key[3] == "en"}

    assert thai == english


def _content(text: str) -> dict[str, Any]:
    return {"required": [], "text": text, "language": "en"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ undefined_name }}",
        "{{ contact_name.nothing }}",
    ],
)
def test_a_template_cannot_reach_out_of_its_sandbox(text: str) -> None:
    with pytest.raises(PermanentError):
        Template(_content(text), Channel.LINE).render(VALUES)


def test_a_broken_template_and_a_text_too_long_for_the_channel_are_told() -> None:
    with pytest.raises(PermanentError, match="broken"):
        Template(_content("{{ contact_name "), Channel.LINE).render(VALUES)
    with pytest.raises(PermanentError, match="5001 characters"):
        Template(_content("x" * 5001), Channel.LINE).render(VALUES)


def test_thai_readers_get_their_calendar_and_amounts_keep_their_currency() -> None:
    assert (
        Template(_content("{{ end_date|long_date }}") | {"language": "th"}, Channel.LINE).render(VALUES).text
        == "31 มีนาคม 2569"
    )
    assert Template(_content("{{ end_date|long_date }}"), Channel.LINE).render(VALUES).text == "31 March 2026"
    assert Template(_content("{{ amount|money('USD') }}"), Channel.LINE).render(VALUES).text == "$14,231.00"
    assert "14,231.00" in Template(_content("{{ amount|money('THB') }}"), Channel.LINE).render(VALUES).text


def test_an_email_carries_what_mailbox_providers_ask_for() -> None:
    mail = message_from_bytes(Mail(MESSAGE, IDENTITY).written(eight_bit=False), policy=policy.default)

    assert mail["List-Unsubscribe"] == f"<{MESSAGE.unsubscribe_url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Message-ID"] == f"<{MESSAGE.message_id}@bmasia.example>"
    assert mail["Subject"] == MESSAGE.subject
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().strip() == MESSAGE.text
    assert mail.get_body(("html",)).get_content().strip() == MESSAGE.html


def test_a_subject_cannot_add_a_header() -> None:
    mail = message_from_bytes(
        Mail(replace(MESSAGE, subject="Hello\nBcc: all@hotel.example"), IDENTITY).written(eight_bit=True),
        policy=policy.default,
    )

    assert mail["Bcc"] is None


def test_with_a_key_the_signature_verifies() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    identity = Identity(sender=IDENTITY.sender, bounce_domain="", link_secret="s", dkim_key=pem, dkim_selector="one")
    mail = Mail(MESSAGE, identity)
    signed = mail.written(eight_bit=False)

    assert not mail.fits_eight_bits  # whoever makes seven of eight bits on the way would break the signature
    assert dkim.verify(signed, dnsfunc=lambda name, timeout=5: record)
    assert not dkim.verify(
        signed.replace(b"List-Unsubscribe=One-Click", b"nothing"), dnsfunc=lambda name, timeout=5: record
    )
