"""What the hot path's HTTP promises, against real servers that keep to HTTP or do not."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, TypeVar

import pytest

from core.errors import PermanentError
from senders import event_loop
from senders import http as hot
from senders.http import HttpPort, NoAnswerError, NotWrittenError, Response
from tests.senders.peers import CUT, HttpPeer, http

Found = TypeVar("Found")
GOOD = http(200, '{"is":"good"}')
OPEN_ENDED = [b"HTTP/1.1 200 Said\r\n\r\n{", 0.01, b"}", CUT]
CHUNKED = b"HTTP/1.1 200 Said\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
CLOSING = http(200, "{}", Connection="close")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def ask(behaviour: Any, exam: Callable[[HttpPort, HttpPeer], Awaitable[Found]], **options: Any) -> Found:
    """Run an exam against a peer that behaves so."""

    async def sit() -> Found:
        async with HttpPeer(behaviour) as peer, HttpPort(f"http://127.0.0.1:{peer.port}/", {}, **options) as port:
            return await exam(port, peer)

    return event_loop.run(asyncio.wait_for(sit(), 20))


async def post(port: HttpPort, body: bytes = b"{}") -> tuple[int, bytes]:
    got = await port.post("/messages", body)
    assert got is not None
    return got.status, got.body


async def outcome(port: HttpPort, body: bytes = b"{}") -> str:
    try:
        return f"{(await post(port, body))[0]}"
    except NoAnswerError:
        return "no answer"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (GOOD, b'{"is":"good"}'),
        ([bytes([each]) for each in GOOD], b'{"is":"good"}'),
        (CHUNKED, b"{}"),
        (OPEN_ENDED, b"{}"),
        (CLOSING, b"{}"),
        (CONTINUE + GOOD, b'{"is":"good"}'),
        ([CONTINUE, 0.01, GOOD], b'{"is":"good"}'),
        (http(200, ""), b""),
    ],
    ids=["whole", "byte by byte", "chunked", "until the end", "and closes", "hinted", "hinted in time", "empty"],
)
def test_an_answer_is_read_however_http_lets_it_come(behaviour: Any, expected: bytes) -> None:
    async def thrice(port: HttpPort, _peer: HttpPeer) -> list[tuple[int, bytes]]:
        return [await post(port) for _ in range(3)]

    assert ask(behaviour, thrice) == [(200, expected)] * 3


@pytest.mark.parametrize(
    "behaviour",
    [
        CUT,
        [GOOD[:30], CUT],
        [GOOD[:-1], CUT],
        [CHUNKED[:-5], CUT],
        [CONTINUE, CUT],
        b"SMTP 220 hello\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        http(200, "x" * 2_000_000),
    ],
    ids=["none", "half a head", "not all", "chunks without end", "a hint", "another protocol", "upgrade", "endless"],
)
def test_what_is_no_whole_answer_leaves_in_doubt_and_nothing_is_written_again(behaviour: Any) -> None:
    async def once(port: HttpPort, peer: HttpPeer) -> None:
        with pytest.raises(NoAnswerError):
            await post(port)
        assert len(peer.taken) == 1

    ask(behaviour, once)


def test_an_answer_nobody_asked_for_is_never_the_next_requests() -> None:
    """What came too much, whole or in part, with the answer or after it, ends the connection."""
    surplus = [GOOD + http(200, "for nobody"), GOOD + b"HTTP/1.1 2", [GOOD, 0.02, http(200, "for nobody")]]

    async def twice(port: HttpPort, peer: HttpPeer) -> None:
        first = await post(port)
        await asyncio.sleep(0.05)
        assert [first, await post(port)] == [(200, b'{"is":"good"}')] * 2
        assert peer.connections == 2

    for behaviour in surplus:
        ask(behaviour, twice)


def test_who_waits_too_long_is_in_doubt_and_the_connection_is_not_used_again() -> None:
    answers = iter([[0.6, GOOD], GOOD, GOOD])

    async def twice(port: HttpPort, peer: HttpPeer) -> None:
        with pytest.raises(NoAnswerError, match=r"within 0\.2 s"):
            await post(port)
        assert await post(port) == (200, b'{"is":"good"}')
        assert peer.connections == 2

    ask(lambda _taken: next(answers), twice, timeout=0.2)


def test_an_answer_is_not_another_requests_when_its_own_gave_up() -> None:
    answers = iter([[0.2, http(200, "late")], GOOD])

    async def give_up(port: HttpPort, _peer: HttpPeer) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(post(port), 0.05)
        assert await post(port) == (200, b'{"is":"good"}')

    ask(lambda _taken: next(answers), give_up)


def test_a_connection_that_rests_too_long_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot, "_IDLE_SECONDS", 0.05)

    async def rest(port: HttpPort, peer: HttpPeer) -> None:
        await post(port)
        await asyncio.sleep(0.3)
        await post(port)
        assert peer.connections == 2

    ask(GOOD, rest, timeout=0.2)


def test_requests_at_once_have_connections_of_their_own_up_to_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot, "_MOST_CONNECTIONS", 5)

    async def crowd(port: HttpPort, peer: HttpPeer) -> None:
        answers = await asyncio.gather(*(post(port, b"%d" % each) for each in range(40)))
        assert [body for _, body in answers] == [b"%d" % each for each in range(40)]
        assert peer.connections == 5

    ask(lambda taken: [0.005, http(200, taken.rsplit(b"\r\n\r\n", 1)[1].decode())], crowd)


def test_the_last_look_is_taken_when_there_is_a_connection_and_no_sooner() -> None:
    async def look(port: HttpPort, peer: HttpPeer) -> None:
        def may_go() -> bool:
            seen.append(peer.connections)
            return False

        assert await port.post("/messages", b"{}", may_go=may_go) is None
        await post(port)
        assert (seen, peer.connections, len(peer.taken)) == ([1], 1, 1)

    seen: list[int] = []
    ask(GOOD, look)


def test_the_request_is_written_as_http_wants_it() -> None:
    async def read(port: HttpPort, peer: HttpPeer) -> None:
        await port.post("/v1/messages", "สวัสดี".encode(), {"X-Line-Retry-Key": "k1"})
        head, _, body = peer.taken[0].partition(b"\r\n\r\n")
        assert body.decode() == "สวัสดี"
        first, *rest = head.decode().split("\r\n")
        assert first == "POST /v1/messages HTTP/1.1"
        assert dict(line.split(": ", 1) for line in rest) == {
            "Host": f"127.0.0.1:{peer.port}",
            "Content-Type": "application/json",
            "X-Line-Retry-Key": "k1",
            "Content-Length": "18",
        }

    ask(GOOD, read)


def test_a_setting_that_would_write_another_header_is_refused_and_its_value_not_shown() -> None:
    with pytest.raises(PermanentError, match="'Authorization' has characters") as refused:
        HttpPort("https://provider.example", {"Authorization": "Bearer secret\r\nX-Else: 1"})
    assert "secret" not in str(refused.value)

    for address in ("provider.example", "ftp://provider.example", ""):
        with pytest.raises(PermanentError, match="is no address of a provider"):
            HttpPort(address, {})


def test_a_header_is_found_whatever_its_case() -> None:
    answer = Response(429, [(b"RETRY-after", b"7"), (b"x-other", b"1")], b"")

    assert [answer.header("retry-after"), answer.header("x-none")] == ["7", ""]


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-name.invalid:80"])
def test_without_a_connection_nothing_was_written_and_the_reason_names_no_address(host: str) -> None:
    async def knock() -> None:
        async with HttpPort(f"http://{host}", {}) as port:
            with pytest.raises(NotWrittenError, match=r"no connection: [A-Z]") as told:
                await port.post("/messages", b"{}")
            assert host.split(":", maxsplit=1)[0] not in str(told.value)

    event_loop.run(knock())


def test_a_server_that_does_not_answer_the_knock_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot, "_CONNECT_SECONDS", 0.2)

    async def knock() -> None:
        silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(5), "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        async with silent, HttpPort(f"https://localhost:{port}", {}) as provider:
            with pytest.raises(NotWrittenError, match=r"no connection within 0\.2 s"):
                await provider.post("/messages", b"{}")

    event_loop.run(knock())


def test_closing_leaves_no_connection_and_says_that_what_was_under_way_is_in_doubt() -> None:
    async def close(port: HttpPort, _peer: HttpPeer) -> str:
        waiting = asyncio.create_task(outcome(port))
        await asyncio.sleep(0.1)
        await port.close()
        return await waiting

    assert ask([5, GOOD], close) == "no answer"


def test_by_chance_of_cuts_and_delays_no_request_gets_anothers_answer() -> None:
    """Forty at a time through a server that cuts, dawdles, closes and says too much: each answer is the request's."""
    taken = iter(range(10_000))

    def behave(request: bytes) -> Any:
        body, number = request.rsplit(b"\r\n\r\n", 1)[1].decode(), next(taken)
        kinds = [http(200, body), [http(200, body)[:40], CUT], http(200, body) + http(200, "for nobody"), CUT]
        closing, late = http(200, body, Connection="close"), [0.002, http(200, body)]
        return [*kinds, closing, late, http(200, body), http(200, body)][(number * 7) % 8]

    async def crowd(port: HttpPort, peer: HttpPeer) -> None:
        async def one(number: int) -> str:
            try:
                status, body = await post(port, b"%d" % number)
            except NoAnswerError:
                return "no answer"
            assert (status, body) == (200, b"%d" % number)
            return "answered"

        said = await asyncio.gather(*(one(number) for number in range(400)))
        bodies = sorted(int(request.rsplit(b"\r\n\r\n", 1)[1]) for request in peer.taken)
        assert all(before < after for before, after in pairwise(bodies)), "a request was written twice"
        assert said.count("answered") > 200

    ask(behave, crowd)
