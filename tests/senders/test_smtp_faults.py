"""Email against chance, real programs and TLS: random faults, Postfix's sink, certificates, every cut of a reply."""

import itertools
import random
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import mail
from core.settings import Settings
from core.vocabulary import Channel
from senders import event_loop
from senders.contract import Accepted, Answer, NotSent, Rejected, Unknown, always
from senders.email.delivery import Delivery
from senders.email.message import Mail
from senders.email.replies import NONSENSE, Replies, Reply
from senders.email.send import EmailSender
from senders.email.wire import ON_A_CONNECTION, Patience
from senders.limits import read_limits
from senders.registry import open_senders
from tests.senders.certificates import certificate_for_loopback
from tests.senders.mail_peer import AND_CLOSE, USUAL, MailPeer, PlainMailPeer
from tests.senders.mailing import is_true, kinds, message, number_in, send
from tests.senders.peers import CUT
from tests.senders.test_adapter_exam import IDENTITY

FAULTS = ["450 4.2.1 later", "550 5.1.1 no", "421 closing" + AND_CLOSE, "421 4.7.0 slow" + AND_CLOSE, CUT, "what?"]
has_postfix = pytest.mark.skipif(not mail.is_installed(), reason="Postfix's smtp-sink is not installed")


@pytest.mark.parametrize("kind", [MailPeer, PlainMailPeer], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_answers_are_true_and_nothing_is_accepted_twice(kind: type[MailPeer], seed: int) -> None:
    rng = random.Random(seed)

    def replies(usual: str) -> list[str]:
        faults = [*FAULTS, f"{usual}{AND_CLOSE}", f"{usual}\r\n{usual}"]
        return [rng.choice(faults) if rng.random() < 0.1 else USUAL for _ in range(200)]

    peer = kind({word: replies("354 go on" if word == "DATA" else "250 Ok") for word in ("MAIL", "RCPT", "DATA")})
    peer.behaviour["DOT"] = [rng.choice(FAULTS) if rng.random() < 0.1 else USUAL for _ in range(200)]
    peer.is_naive, peer.in_pieces = rng.random() < 0.5, rng.random() < 0.3
    stopped = {number for number in range(60) if rng.random() < 0.05}
    patience = Patience(reply_seconds=2, messages=rng.choice([1, 3, 100]))
    answers = send(peer, 60, connections=3, patience=patience, may_go=lambda number: lambda: number not in stopped)

    assert is_true(answers, peer)
    assert not stopped & {number_in(text) for text in peer.taken}
    assert kinds(answers).count("Accepted") > 20


def test_the_connection_is_encrypted_and_signed_in_where_the_server_offers_it(tmp_path: Path) -> None:
    server, client = certificate_for_loopback(tmp_path)
    peer = MailPeer({}, extensions=("STARTTLS", "AUTH PLAIN", "PIPELINING"), tls=server)
    answers = send(peer, 20, host="localhost", tls_context=client, username="us", password="secret")

    assert kinds(answers) == ["Accepted"] * 20
    assert peer.words[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    assert peer.connections == 1


def test_a_certificate_nobody_trusts_is_no_connection(tmp_path: Path) -> None:
    server, _ = certificate_for_loopback(tmp_path)
    peer = MailPeer({}, extensions=("STARTTLS", "PIPELINING"), tls=server)
    answers = send(peer, 2, host="localhost")

    assert kinds(answers) == ["NotSent"] * 2
    assert "MAIL" not in peer.words


def test_a_wrong_password_is_no_connection() -> None:
    peer = MailPeer({"AUTH": "535 5.7.8 wrong"}, extensions=("AUTH PLAIN", "PIPELINING"))
    answers = send(peer, 2, username="us", password="wrong")

    assert kinds(answers) == ["NotSent"] * 2
    assert "MAIL" not in peer.words


@pytest.mark.parametrize("extensions", [("PIPELINING",), ("PIPELINING", "8BITMIME")], ids=" ".join)
def test_lines_that_begin_with_dots_arrive_as_they_were(extensions: tuple[str, ...]) -> None:
    peer = MailPeer({}, extensions=extensions)
    dotted = replace(message(0), text=".\n..\n.hidden\n\n.", html=".<p>\n.</p>")

    async def run() -> Answer:
        async with peer:
            account = {"host": "127.0.0.1", "port": peer.port, "username": "", "password": ""}
            return await EmailSender(**account, identity=IDENTITY).send(dotted)

    assert isinstance(event_loop.run(run()), Accepted)
    arrived = re.sub(rb"^\.", b"", peer.taken[0].removesuffix(b".\r\n"), flags=re.MULTILINE)
    without_date = re.compile(rb"Date: .*")
    written = Mail(dotted, IDENTITY).written(eight_bit="8BITMIME" in extensions)
    assert without_date.sub(b"", arrived) == without_date.sub(b"", written)


@pytest.mark.parametrize(
    ("data", "written"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".a\r\n.\r\n..b\r\n", b"..a\r\n..\r\n...b\r\n.\r\n"),
    ],
)
def test_no_line_of_a_text_can_end_it(data: bytes, written: bytes) -> None:
    mail = SimpleNamespace(fits_eight_bits=False, may_have_dots=True, written=lambda eight_bit: data)

    async def body() -> bytes:
        return Delivery("a@us.example", "b@hotel.example", mail, always).body()

    assert event_loop.run(body()) == written


WORDS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=20)


@given(
    replies=st.lists(st.tuples(st.integers(100, 599), st.lists(WORDS, min_size=1, max_size=3)), max_size=6),
    cuts=st.lists(st.integers(0, 400)),
)
def test_replies_are_read_the_same_however_they_are_cut(replies: list[tuple[int, list[str]]], cuts: list[int]) -> None:
    written = b"".join(
        f"{code}{'-' if place < len(lines) - 1 else ' '}{line}\r\n".encode()
        for code, lines in replies
        for place, line in enumerate(lines)
    )
    reading, edges = Replies(), sorted({0, len(written), *(cut for cut in cuts if cut < len(written))})
    read = [reply for at, end in itertools.pairwise(edges) for reply in reading.feed(written[at:end])]

    assert read == [Reply(code, b"\n".join(line.encode().rstrip() for line in lines)) for code, lines in replies]
    assert reading.is_between


def test_a_reply_without_an_end_is_not_waited_for_for_ever() -> None:
    reading = Replies()

    assert reading.feed(b"250-on and on\r\n" * 1000) == []
    assert reading.feed(b"250-on and on\r\n" * 3000)[0].code == NONSENSE


@has_postfix
@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ((), Accepted),
        (("-p",), Accepted),  # no pipelining
        (("-e",), Accepted),  # not even ESMTP
        (("-f", "RCPT"), Rejected),
        (("-r", "."), Rejected),
        (("-Q", "MAIL"), Rejected),
        (("-Q", "."), Rejected),
        (("-q", "DATA"), NotSent),
        (("-q", "."), Unknown),
        (("-A", "0"), NotSent | Rejected),  # a refusal behind the 354, before or after the text was written
    ],
    ids=str,
)
def test_postfix_sink_is_understood(options: tuple[str, ...], kind: type[Answer]) -> None:
    async def run(port: int) -> list[Answer]:
        account = {"host": "127.0.0.1", "port": port, "username": "", "password": ""}
        sender = EmailSender(**account, identity=IDENTITY, connections=4)
        answers = [await sender.send(message(number)) for number in range(3)]
        await sender.close()
        return answers

    with mail.sink(*options) as port:
        answers = event_loop.run(run(port))

    assert all(isinstance(answer, kind) for answer in answers)


def test_a_measure_without_postfix_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_path", lambda name: None)
    result = mail.smtp(True)

    assert not result.met
    assert "install postfix" in result.notes


def test_the_relay_in_the_settings_gets_as_many_connections_as_its_limits_allow() -> None:
    settings = Settings(_env_file=None, smtp_host="relay.example", smtp_from="a@b.example", link_secret="s" * 32)
    sender = open_senders(settings)[Channel.EMAIL]

    assert isinstance(sender, EmailSender)
    assert sender._connections._most * ON_A_CONNECTION == read_limits("email").in_flight
