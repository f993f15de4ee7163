"""An email's bytes say exactly what the standard library's would, whatever people and campaigns write."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PermanentError
from senders.contract import Outgoing
from senders.email.headers import mailbox
from senders.email.message import Identity, Mail
from tests.senders.test_adapter_exam import IDENTITY, MESSAGE

_BREAKS = ["\n", "\r\n", "\r", " \n", "\t\r\n", "\u2028", "\x0b", "\x85", "\x00", " ", "  ", "\t"]
_TRAPS = [
    ".",
    "\n.",
    "\n..\n",
    "\n--=_",
    "=",
    "=?utf-8?q?x?=",
    "From ",
    "https://social.example/" + "x" * 90,
    "a" * 1200,
]
_WORDS = ["สัญญาเพลง", "คุณ", "🎵", "hello"]
_PIECES = st.sampled_from([*_BREAKS, *_TRAPS, *_WORDS])
_LETTERS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
TEXTS = st.lists(_PIECES | _LETTERS, max_size=12).map("".join)


def _with_the_standard_library(text: str, html: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP.clone(max_line_length=200))
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return _read(mail.as_bytes())


def _written(message: Outgoing, identity: Identity = IDENTITY, *, eight_bit: bool = False) -> bytes:
    return Mail(message, identity).written(eight_bit=eight_bit)


def _read(data: bytes) -> EmailMessage:
    mail = message_from_bytes(data, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def _parts(mail: EmailMessage) -> list[tuple[str, str | None, bytes]]:
    return [
        (
            part.get_content_type(),
            str(part.get_content_charset()),
            part.get_payload(decode=True).replace(b"\r\n", b"\n"),
        )
        for part in mail.iter_parts()
    ]


@given(text=TEXTS, html=TEXTS)
def test_the_parts_are_what_the_standard_library_would_have_written(text: str, html: str) -> None:
    mail = Mail(replace(MESSAGE, text=text, html=html), IDENTITY)
    theirs = _parts(_with_the_standard_library(text, html))

    assert _parts(_read(mail.written(eight_bit=False))) == theirs
    assert not mail.fits_eight_bits or _parts(_read(mail.written(eight_bit=True))) == theirs


@given(text=TEXTS, html=TEXTS)
def test_in_eight_bits_goes_what_a_server_must_take_so_and_nothing_else(text: str, html: str) -> None:
    mail = Mail(replace(MESSAGE, text=text, html=html), IDENTITY)
    lines = [line for part in (text, html) for line in re.split(r"\r\n|\r|\n", part)]

    assert mail.fits_eight_bits == all(len(line.encode()) <= 998 and "\0" not in line for line in lines)
    if mail.fits_eight_bits:
        data = mail.written(eight_bit=True)
        assert data.endswith(b"\r\n") and not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", data)
        assert all(len(line) <= 998 for line in data.split(b"\r\n"))


@pytest.mark.parametrize(("length", "fits"), [(998, True), (999, False)])
@pytest.mark.parametrize("text", ["{}", "a\n{}\nb", "{}\nb", "x" * 998 + "\n{}"])
def test_a_line_may_have_998_bytes(text: str, length: int, fits: bool) -> None:
    mail = Mail(replace(MESSAGE, text=text.format("ก" * (length // 3) + "x" * (length % 3))), IDENTITY)

    assert mail.fits_eight_bits == fits


@given(text=TEXTS, html=TEXTS, subject=TEXTS)
def test_the_bytes_are_fit_for_every_server(text: str, html: str, subject: str) -> None:
    data = _written(replace(MESSAGE, text=text, html=html, subject=subject))
    head, _, body = data.partition(b"\r\n\r\n")

    assert data.isascii() and data.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", data)
    assert max(map(len, body.split(b"\r\n"))) <= 76
    links = (b"List-Unsubscribe:", b"Content-Type:")
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if not line.startswith(links))
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))


@given(subject=TEXTS)
def test_a_subject_arrives_as_written_but_for_line_breaks_and_adds_no_header(subject: str) -> None:
    mail = _read(_written(replace(MESSAGE, subject=subject)))

    assert str(mail["Subject"]) == re.sub(r"\r\n|[\x00-\x1f\x7f]", " ", subject)
    assert mail.keys() == _read(_written(MESSAGE)).keys()


@pytest.mark.parametrize("name", ["BMAsia", "บีเอ็มเอเชีย", 'Quote "me", please', "B. M. Asia, Thailand " + "long " * 20])
def test_the_sender_is_named_in_any_script(name: str) -> None:
    identity = Identity(sender=str(Address(name, "hello", "bmasia.example")), bounce_domain="", link_secret="s")
    mail = _read(_written(MESSAGE, identity))

    assert mail["From"].addresses[0].display_name.split() == name.split()
    assert mail["From"].addresses[0].addr_spec == "hello@bmasia.example"


@pytest.mark.parametrize(
    "change",
    [
        {"address": "a@b.example\r\nBcc: c@d.example"},
        {"unsubscribe_url": "https://a.example/\r\nBcc: c@d.example"},
        {"message_id": 'm"\r\nBcc: c@d.example'},
        {"campaign_id": "renewal\r\nBcc: c@d.example"},
        {"unsubscribe_url": "https://a.example/" + "x" * 1000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_cannot_stand_in_a_header_stops_the_message(change: dict[str, str]) -> None:
    with pytest.raises(PermanentError):
        _written(replace(MESSAGE, **change))


def test_no_two_messages_share_a_boundary_and_no_text_can_contain_one() -> None:
    mail = Mail(replace(MESSAGE, text=f"--=_{MESSAGE.message_id}--\n"), IDENTITY)
    data = mail.written(eight_bit=False)

    assert not mail.fits_eight_bits
    assert data.count(f"--=_{MESSAGE.message_id}".encode()) == 3
    assert _parts(_read(data))[0][2] == f"--=_{MESSAGE.message_id}--\n".encode()


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("malee@hotel.example", "malee@hotel.example"),
        ("o'neil+x=y@sub.hotel.example", "o'neil+x=y@sub.hotel.example"),
        ("malee@โรงแรม.example", "malee@xn--72c6ceb3md.example"),
        ("มาลี@hotel.example", None),
        ('"a b"@hotel.example', None),
        ("a@b@hotel.example", None),
        ("a@hotel..example", None),
        ("a@hotel.example\r\n", None),
        ("<a@hotel.example>", None),
    ],
)
def test_an_address_is_written_as_an_envelope_takes_it_or_not_at_all(address: str, written: str | None) -> None:
    assert mailbox(address) == written
