"""Every channel's sender sits the same exam, against a real server that misbehaves on demand."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from core.vocabulary import Channel, ErrorClass
from senders import event_loop
from senders.contract import Accepted, Answer, NotSent, Outgoing, Rejected, Sender, Unknown
from senders.email.message import Identity
from senders.email.send import EmailSender
from senders.line.send import LineSender
from senders.whatsapp.send import WhatsAppSender
from tests.senders.mail_peer import MailPeer, PlainMailPeer
from tests.senders.peers import CUT, HttpPeer, Peer, http

MESSAGE = Outgoing(
    message_id="0198c0de-0000-7000-8000-000000000001",
    address="+66812345678",
    language="th",
    campaign_id="renewal",
    text="สวัสดี",
    subject="เรื่องสัญญา",
    html="<p>สวัสดี</p>",
    template_name="renewal_30",
    parameters=("คุณมาลี", "1 มีนาคม 2569"),
    unsubscribe_url="https://social.example/u/token",
)
IDENTITY = Identity(sender="BMAsia <hello@bmasia.example>", bounce_domain="bounce.bmasia.example", link_secret="s" * 32)


def _whatsapp_error(status: int, code: int, **headers: str) -> bytes:
    return http(status, f'{{"error":{{"message":"(#{code})","code":{code}}}}}', **headers)


@dataclass(frozen=True)
class Candidate:
    """A sender, the peer it talks to, and how that peer says each thing the exam asks about."""

    channel: Channel
    peer: type[Peer]
    open: Callable[[int], Sender]
    accepts: Any
    provider_message_id: str
    throttles: Any
    throttled_for: float | None
    knows_nobody: Any
    refuses_us: Any
    refuses_the_request: Any
    babbles: Any
    cuts: Any
    address: str = MESSAGE.address


WHATSAPP = Candidate(
    Channel.WHATSAPP,
    HttpPeer,
    lambda port: WhatsAppSender(url=f"http://127.0.0.1:{port}", phone_number_id="1", token="t"),
    accepts=http(200, '{"messages":[{"id":"wamid.1","message_status":"accepted"}]}'),
    provider_message_id="wamid.1",
    throttles=_whatsapp_error(400, 130429, Retry_After="7"),
    throttled_for=7.0,
    knows_nobody=_whatsapp_error(400, 131026),
    refuses_us=_whatsapp_error(401, 190),
    refuses_the_request=_whatsapp_error(400, 131008),
    babbles=http(200, "<html>gateway</html>"),
    cuts=CUT,
)
LINE = Candidate(
    Channel.LINE,
    HttpPeer,
    lambda port: LineSender(url=f"http://127.0.0.1:{port}", token="t"),
    accepts=http(200, '{"sentMessages":[{"id":"461230966842064897"}]}', X_Line_Request_Id="r1"),
    provider_message_id="461230966842064897",
    throttles=http(429, '{"message":"The API rate limit has been exceeded."}', Retry_After="3"),
    throttled_for=3.0,
    knows_nobody=http(400, '{"message":"Failed to send messages"}'),
    refuses_us=http(401, '{"message":"Authentication failed"}'),
    refuses_the_request=http(413, '{"message":"Request entity too large"}'),
    babbles=http(200, "not JSON"),
    cuts=CUT,
    address="U" + "0" * 32,
)
EMAIL = Candidate(
    Channel.EMAIL,
    MailPeer,
    lambda port: EmailSender(host="127.0.0.1", port=port, username="", password="", identity=IDENTITY),
    accepts={},
    provider_message_id="4ZQ1",
    throttles={"RCPT": "450 4.7.0 slow down"},
    throttled_for=None,
    knows_nobody={"RCPT": "550 5.1.1 no such user"},
    refuses_us={"DOT": "550 5.7.26 unauthenticated mail"},
    refuses_the_request={"DOT": "552 5.3.4 message too big"},
    babbles={"DOT": "what?"},
    cuts={"DOT": CUT},
    address="malee@hotel.example",
)
PLAIN_EMAIL = replace(EMAIL, peer=PlainMailPeer)
every_channel = pytest.mark.parametrize(
    "candidate", [WHATSAPP, LINE, EMAIL, PLAIN_EMAIL], ids=["whatsapp", "line", "email", "email without pipelining"]
)


def sit(candidate: Candidate, behaviour: Any, times: int = 1) -> tuple[list[Answer], Peer]:
    """Send the message ``times`` times to a peer that behaves so; returns the answers and the peer."""

    async def exam() -> tuple[list[Answer], Peer]:
        async with candidate.peer(behaviour) as peer:
            sender = candidate.open(peer.port)
            answers = [await sender.send(replace(MESSAGE, address=candidate.address)) for _ in range(times)]
            await sender.close()
            return answers, peer

    return event_loop.run(exam())


def _closed_port() -> int:
    async def ask() -> int:
        async with HttpPeer(CUT) as peer:
            return peer.port

    return event_loop.run(ask())


@every_channel
def test_what_the_provider_takes_is_accepted_with_its_id(candidate: Candidate) -> None:
    answers, _ = sit(candidate, candidate.accepts)

    assert answers == [Accepted(candidate.provider_message_id)]


@every_channel
def test_without_a_connection_it_was_certainly_not_sent(candidate: Candidate) -> None:
    async def exam() -> Answer:
        sender = candidate.open(_port)
        try:
            return await sender.send(replace(MESSAGE, address=candidate.address))
        finally:
            await sender.close()

    _port = _closed_port()
    assert isinstance(event_loop.run(exam()), NotSent)


@every_channel
def test_a_break_after_the_message_was_written_is_unknown_and_not_tried_again(candidate: Candidate) -> None:
    answers, peer = sit(candidate, candidate.cuts)

    assert isinstance(answers[0], Unknown)
    assert len(peer.taken) == 1


@every_channel
def test_an_answer_that_makes_no_sense_is_unknown(candidate: Candidate) -> None:
    assert isinstance(sit(candidate, candidate.babbles)[0][0], Unknown)


@every_channel
@pytest.mark.parametrize(
    ("behaviour", "error_class"),
    [
        ("throttles", ErrorClass.THROTTLED),
        ("knows_nobody", ErrorClass.PERMANENT_RECIPIENT),
        ("refuses_us", ErrorClass.HALT_SENDER),
        ("refuses_the_request", ErrorClass.PERMANENT_REQUEST),
    ],
)
def test_a_refusal_has_the_class_that_decides_what_follows(
    candidate: Candidate, behaviour: str, error_class: ErrorClass
) -> None:
    (answer,), _ = sit(candidate, getattr(candidate, behaviour))

    assert isinstance(answer, Rejected)
    assert answer.error_class == error_class
    assert answer.reason
    if behaviour == "throttles":
        assert answer.retry_after == candidate.throttled_for


@every_channel
def test_a_connection_serves_many_messages(candidate: Candidate) -> None:
    answers, peer = sit(candidate, candidate.accepts, times=5)

    assert len(answers) == len(peer.taken) == 5
    assert peer.connections == 1


@every_channel
def test_the_message_carries_an_id_the_provider_gives_back(candidate: Candidate) -> None:
    _, peer = sit(candidate, candidate.accepts, times=2)

    first, second = (_id_in(candidate, taken) for taken in peer.taken)
    assert first == second != b""


def _id_in(candidate: Candidate, taken: bytes) -> bytes:
    if candidate.channel is Channel.LINE:
        return next(line for line in taken.split(b"\r\n") if line.lower().startswith(b"x-line-retry-key: "))
    assert MESSAGE.message_id.encode() in taken
    return MESSAGE.message_id.encode()


def test_line_says_409_to_a_repeat_and_that_is_an_acceptance() -> None:
    said = http(409, '{"message":"The retry key is already accepted"}', X_Line_Accepted_Request_Id="first")

    assert sit(LINE, said)[0] == [Accepted("first")]


def test_line_quota_used_up_is_told_apart_from_too_fast() -> None:
    (answer,), _ = sit(LINE, http(429, '{"message":"You have reached your monthly limit."}'))

    assert isinstance(answer, Rejected)
    assert answer.error_code == "429.quota"
    assert answer.error_class == ErrorClass.HALT_SENDER


def test_whatsapp_may_hold_a_message_for_quality() -> None:
    said = http(200, '{"messages":[{"id":"wamid.2","message_status":"held_for_quality_assessment"}]}')

    assert sit(WHATSAPP, said)[0] == [Accepted("wamid.2", is_held=True)]


def test_a_server_error_leaves_in_doubt_where_no_key_makes_a_repeat_harmless() -> None:
    assert isinstance(sit(WHATSAPP, _whatsapp_error(500, 131000))[0][0], Unknown)


@pytest.mark.parametrize("word", ["CONNECT", "MAIL", "RCPT", "DATA"])
def test_mail_broken_off_before_its_text_was_not_sent(word: str) -> None:
    assert isinstance(sit(EMAIL, {word: CUT})[0][0], NotSent)


def test_mail_goes_on_over_the_same_connection_after_a_refused_recipient() -> None:
    answers, peer = sit(EMAIL, EMAIL.knows_nobody, times=3)

    assert all(isinstance(answer, Rejected) for answer in answers)
    assert peer.connections == 1
