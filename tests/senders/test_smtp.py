"""Email on the wire: envelopes go ahead, and whatever a server does, each message's answer is the truth about it."""

import asyncio
from dataclasses import replace

import pytest

from core.vocabulary import ErrorClass
from senders import event_loop
from senders.contract import WITHHELD, Accepted, Answer, MayGo, NotSent, Rejected
from senders.email.send import EmailSender
from senders.email.wire import Patience
from tests.senders.mail_peer import AND_CLOSE, SILENT, USUAL, MailPeer, PlainMailPeer
from tests.senders.mailing import HASTY, PATIENT, is_true, kinds, message, number_in, send
from tests.senders.peers import CUT
from tests.senders.test_adapter_exam import IDENTITY, MESSAGE
from tests.senders.working import until

both_ways = pytest.mark.parametrize("kind", [MailPeer, PlainMailPeer], ids=["pipelined", "step by step"])


def test_the_next_envelope_goes_out_with_the_text_and_is_not_waited_for() -> None:
    class Late(MailPeer):
        async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
            text = await reader.readuntil(b"\r\n.\r\n")
            waiting = bytes(reader._buffer)
            self.ahead = [*getattr(self, "ahead", []), waiting.split(b" ")[0]]
            reader._buffer[:0] = text
            return await super()._take(reader, writer)

    peer = Late({})
    answers = send(peer, 4)

    assert kinds(answers) == ["Accepted"] * 4
    assert peer.ahead == [b"MAIL", b"MAIL", b"MAIL", b""]
    assert peer.early == 0


@both_ways
def test_nothing_is_written_that_must_wait_for_a_reply(kind: type[MailPeer]) -> None:
    peer = kind({"RCPT": [USUAL, "550 5.1.1 no such user"]})
    answers = send(peer, 5)

    assert kinds(answers) == ["Accepted", "Rejected", "Accepted", "Accepted", "Accepted"]
    assert peer.early == 0


@both_ways
def test_replies_may_come_in_pieces_and_have_many_lines(kind: type[MailPeer]) -> None:
    peer = kind({"MAIL": "250-2.1.0 well\r\n250 2.1.0 Ok", "DOT": "250-2.0.0 we\r\n250-have\r\n250 it as A1"})
    peer.in_pieces = True

    assert send(peer, 3) == [Accepted("A1")] * 3


@both_ways
@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["450 4.2.1 later", "550 5.1.1 no such user", "550-5.1.1 no\r\n550 5.1.1 such user"])
def test_a_refusal_concerns_its_message_alone(kind: type[MailPeer], word: str, reply: str) -> None:
    peer = kind({word: [USUAL, reply]})
    answers = send(peer, 4)

    assert kinds(answers) == ["Accepted", "Rejected", "Accepted", "Accepted"]
    assert peer.connections == 1
    assert is_true(answers, peer)


@both_ways
@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["421 closing" + AND_CLOSE, "421 4.7.0 too much" + AND_CLOSE])
def test_a_server_that_closes_with_421_has_refused_that_message(kind: type[MailPeer], word: str, reply: str) -> None:
    peer = kind({word: [reply]})
    answers = send(peer, 3)

    assert kinds(answers) == ["Rejected", "Accepted", "Accepted"]
    assert isinstance(answers[0], Rejected)
    assert answers[0].error_class == (ErrorClass.THROTTLED if "4.7.0" in reply else ErrorClass.TRANSIENT)
    assert is_true(answers, peer)


@both_ways
@pytest.mark.parametrize("end", [CUT, "421 that was enough" + AND_CLOSE])
@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA"])
def test_a_message_whose_text_is_not_written_outlives_a_worn_connection(
    kind: type[MailPeer], word: str, end: str
) -> None:
    peer = kind({word: [USUAL, USUAL, end]})
    answers = send(peer, 6)

    assert kinds(answers) == ["Accepted"] * 6
    assert peer.connections == 2
    assert is_true(answers, peer)


def test_a_message_on_a_fresh_connection_is_not_moved_for_ever() -> None:
    peer = MailPeer({"MAIL": [USUAL, *[CUT] * 9]})
    answers = send(peer, 2)

    assert kinds(answers) == ["Accepted", "NotSent"]
    assert peer.connections == 2


@both_ways
def test_a_break_after_the_dot_leaves_only_that_message_in_doubt(kind: type[MailPeer]) -> None:
    peer = kind({"DOT": [USUAL, CUT]})
    answers = send(peer, 5)

    assert kinds(answers) == ["Accepted", "Unknown", "Accepted", "Accepted", "Accepted"]
    assert is_true(answers, peer)


@both_ways
def test_a_server_may_close_after_a_few_messages(kind: type[MailPeer]) -> None:
    peer = kind({"DOT": [*[USUAL, USUAL, "250 2.0.0 Ok" + AND_CLOSE] * 10]})
    answers = send(peer, 20, connections=2)

    assert kinds(answers) == ["Accepted"] * 20
    assert is_true(answers, peer)


@both_ways
@pytest.mark.parametrize(("word", "answer"), [("MAIL", "NotSent"), ("RCPT", "NotSent"), ("DATA", "NotSent")])
@pytest.mark.parametrize("reply", ["what?", "999 beyond", "250-5\r\n550 of two minds", "", SILENT])
def test_nonsense_or_silence_before_the_text_means_that_nothing_was_sent(
    kind: type[MailPeer], word: str, answer: str, reply: str
) -> None:
    peer = kind({word: [reply or "354 what for"]})
    if word == "DATA" and not reply:
        peer.behaviour = {"DATA": ["250 what for"]}
    (got,) = send(peer, 1, patience=HASTY if reply == SILENT else PATIENT)

    assert type(got).__name__ == answer
    assert not peer.taken


@pytest.mark.parametrize("reply", ["what?", "354 go on", "251 hm", "200 ok", "250-5\r\n550 of two minds", SILENT])
def test_nonsense_or_silence_after_the_text_is_unknown(reply: str) -> None:
    peer = MailPeer({"DOT": [USUAL, reply]})
    answers = send(peer, 3, patience=HASTY if reply == SILENT else PATIENT)

    assert kinds(answers) == ["Accepted", "Unknown", "NotSent" if reply == SILENT else "Accepted"]
    assert is_true(answers, peer)


@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA"])
def test_a_reply_too_many_never_counts_as_an_acceptance(word: str) -> None:
    usual = "354 go on" if word == "DATA" else "250 Ok"
    peer = MailPeer({word: [f"{usual}\r\n250 2.0.0 Ok: queued as EVIL"]})
    (answer,) = send(peer, 1)

    assert isinstance(answer, NotSent)
    assert not peer.taken


def test_a_server_that_wants_a_text_for_nobody_gets_none() -> None:
    peer = MailPeer({"RCPT": ["550 5.1.1 no such user"]})
    peer.is_naive = True
    answers = send(peer, 2)

    assert kinds(answers) == ["Rejected", "Accepted"]
    assert [number_in(text) for text in peer.taken] == [1]


@both_ways
def test_the_last_look_comes_after_the_server_said_go_on_and_right_before_the_text(kind: type[MailPeer]) -> None:
    peer, looked = kind({}), []

    def may_go(number: int) -> MayGo:
        def look() -> bool:
            looked.append((number, len(peer.taken), peer.words.count("DATA")))
            return True

        return look

    send(peer, 3, may_go=may_go, one_by_one=True)

    assert looked == [(0, 0, 1), (1, 1, 2), (2, 2, 3)]


@both_ways
def test_what_may_not_go_any_more_does_not_go_and_the_others_do(kind: type[MailPeer]) -> None:
    peer = kind({})
    answers = send(peer, 4, may_go=lambda number: lambda: number != 1)

    assert answers[1] == WITHHELD
    assert kinds(answers) == ["Accepted", "NotSent", "Accepted", "Accepted"]
    assert [number_in(text) for text in peer.taken] == [0, 2, 3]


def test_whoever_gives_up_waiting_before_the_text_is_written_has_sent_nothing() -> None:
    class Slow(MailPeer):
        async def _say(self, writer: asyncio.StreamWriter, reply: str) -> bool:
            await asyncio.sleep(0.05)
            return await super()._say(writer, reply)

    async def run() -> MailPeer:
        async with Slow({}) as peer:
            account = {"host": "127.0.0.1", "port": peer.port, "username": "", "password": ""}
            sender = EmailSender(**account, identity=IDENTITY)
            sending = asyncio.create_task(sender.send(message(0)))
            await until(lambda: "MAIL" in peer.words)
            sending.cancel()
            assert isinstance(await sender.send(message(1)), Accepted)
            await sender.close()
            return peer

    assert [number_in(text) for text in event_loop.run(run()).taken] == [1]


def test_whoever_waits_when_the_sender_closes_is_told_the_truth() -> None:
    async def run() -> tuple[list[Answer], MailPeer]:
        async with MailPeer({"DOT": SILENT}) as peer:
            account = {"host": "127.0.0.1", "port": peer.port, "username": "", "password": ""}
            sender = EmailSender(**account, identity=IDENTITY, connections=1)
            sending = [asyncio.create_task(sender.send(message(number))) for number in range(4)]
            await until(lambda: "DOT" in peer.words)
            await sender.close()
            return await asyncio.gather(*sending), peer

    answers, peer = event_loop.run(run())

    assert kinds(answers) == ["Unknown", "NotSent", "NotSent", "NotSent"]
    assert len(peer.taken) == 1


def test_a_connection_serves_its_number_of_messages_and_says_goodbye() -> None:
    peer = MailPeer({})
    answers = send(peer, 7, patience=Patience(reply_seconds=2, messages=3))

    assert kinds(answers) == ["Accepted"] * 7
    assert peer.connections == 3
    assert peer.words.count("QUIT") == 3


def test_an_idle_connection_is_closed_and_the_next_message_gets_another() -> None:
    async def run() -> tuple[list[Answer], MailPeer]:
        async with MailPeer({}) as peer:
            patience = Patience(reply_seconds=0.2, idle_seconds=0.05)
            account = {"host": "127.0.0.1", "port": peer.port, "username": "", "password": ""}
            sender = EmailSender(**account, identity=IDENTITY, patience=patience)
            answers = [await sender.send(message(0))]
            await until(lambda: "QUIT" in peer.words)
            answers.append(await sender.send(message(1)))
            await sender.close()
            return answers, peer

    answers, peer = event_loop.run(run())

    assert kinds(answers) == ["Accepted"] * 2
    assert peer.connections == 2


def test_there_are_no_more_connections_than_allowed() -> None:
    peer = MailPeer({})
    answers = send(peer, 40, connections=3)

    assert kinds(answers) == ["Accepted"] * 40
    assert peer.connections <= 3


@pytest.mark.parametrize("greeting", ["421 4.3.2 busy" + AND_CLOSE, "554 5.7.1 no" + AND_CLOSE, "what?", CUT, SILENT])
def test_a_server_that_does_not_greet_was_sent_nothing_and_every_message_is_told(greeting: str) -> None:
    patience = HASTY if greeting == SILENT else PATIENT
    answers = send(MailPeer({"CONNECT": greeting}), 5, connections=2, patience=patience)

    assert kinds(answers) == ["NotSent"] * 5


@pytest.mark.parametrize(
    "address", ["a@b.example>\r\nRCPT TO:<all@c.example", "a b@c.example", "คุณ@hotel.example", "nobody", "@b", "a@"]
)
def test_an_address_that_fits_no_envelope_is_refused_before_the_wire(address: str) -> None:
    async def run() -> Answer:
        async with MailPeer({}) as peer:
            account = {"host": "127.0.0.1", "port": peer.port, "username": "", "password": ""}
            answer = await EmailSender(**account, identity=IDENTITY).send(replace(MESSAGE, address=address))
            assert not peer.connections
            return answer

    answer = event_loop.run(run())

    assert isinstance(answer, Rejected)
    assert answer.error_class == ErrorClass.PERMANENT_RECIPIENT
