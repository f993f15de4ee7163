"""Through a real server, byte by byte: whichever way a delivery takes inside, it is proven, kept and answered alike."""

import contextlib
import re
import socket
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bench import children
from bench.working import serve
from cli.processes import free_port, wait_for
from core.store.tables import inbox
from gateway.webhooks import LARGEST_BODY
from tests.gateway.conftest import signed
from tests.gateway.test_webhooks import DOORS, meta, status

DOOR = DOORS[0]
BODY = meta(status("none"))
OTHER = meta(status("none", id="another"))
LARGE = meta(status("none"), padding="x" * 100_000)  # more than comes at once
_ANSWER = re.compile(rb"HTTP/1\.1 (\d{3})[^\r]*\r\n(?:[^\r]+\r\n)*\r\n")


@pytest.fixture
def port(settings, sqlite_store) -> Iterator[int]:
    """The gateway in a process of its own, on ``sqlite_store``."""
    there, url = free_port(), str(sqlite_store.url)
    pid = children.fork(lambda: serve(settings.model_copy(update={"store_url": url}), "127.0.0.1", there))
    try:
        wait_for(f"http://127.0.0.1:{there}/healthz")
        yield there
    finally:
        with contextlib.suppress(ProcessLookupError):
            children.stop(pid)


def head(body=BODY, *, method="POST", version="1.1", length=None, **more):
    """A request's head, signed; ``length=""`` leaves it out."""
    said = {"host": "gateway", "content-type": "application/json", **signed(DOOR, body)}
    if length != "":
        said["content-length"] = str(len(body) if length is None else length)
    said |= {name.replace("_", "-"): value for name, value in more.items()}
    lines = [f"{method} {DOOR} HTTP/{version}", *(f"{name}: {value}" for name, value in said.items()), "", ""]
    return "\r\n".join(lines).encode()


def whole(body=BODY, **more):
    return head(body, **more) + body


def chunked(body=BODY):
    return head(body, length="", transfer_encoding="chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def talk(port, *pieces, answers=1):
    """Send pieces one after the other; returns the statuses of so many answers, and whether the server hung up."""
    heard, is_over = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        for piece in pieces:
            wire.sendall(piece)
            time.sleep(0.02)
        while len(found := _ANSWER.findall(heard)) < answers and not is_over:
            heard += (got := wire.recv(65536))
            is_over = not got
        wire.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while got := wire.recv(65536):
                heard += got
            is_over = True
    return [int(code) for code in found if code != b"100"], is_over


def kept(store):
    with store.connect() as connection:
        return sorted(connection.execute(sa.select(inbox.c.body)).scalars())


@pytest.mark.parametrize(
    ("pieces", "answers", "bodies"),
    [
        ([whole()], [200], [BODY]),
        ([whole(), whole()], [200, 200], [BODY]),  # on one connection; a repeat is kept once
        ([whole(), whole(OTHER)], [200, 200], [BODY, OTHER]),
        ([whole() + whole(OTHER)], [200, 200], [BODY, OTHER]),  # one behind the other, in one packet
        ([whole() + whole(OTHER) + whole(LARGE) + chunked()], [200, 200, 200, 200], [BODY, OTHER, LARGE]),
        ([whole(x_hub_signature_256="sha256=00") + whole(OTHER)], [401, 200], [OTHER]),
        ([head(), BODY[:10], BODY[10:]], [200], [BODY]),
        ([whole()[:30], whole()[30:]], [200], [BODY]),
        ([whole(LARGE)], [200], [LARGE]),
        ([chunked()], [200], [BODY]),
        ([whole(x_hub_signature_256="sha256=00")], [401], []),
        ([whole(x_hub_signature_256="sha256=00"), whole()], [401, 200], [BODY]),
        ([head(length=len(BODY) + 1) + BODY + b" "], [401], []),  # another body than the signed one
        ([head(length=LARGEST_BODY + 1)], [413], []),
        ([whole(x_unknown="y" * 3000)], [200], [BODY]),
    ],
)
def test_it_is_answered_and_kept_and_the_connection_is_told_right(port, sqlite_store, pieces, answers, bodies):
    found, _ = talk(port, *pieces, answers=len(answers))

    assert found == answers
    assert kept(sqlite_store) == sorted(bodies)


@pytest.mark.parametrize(
    ("request_", "hangs_up"),
    [(whole(), False), (whole(connection="close"), True), (whole(version="1.0"), True)],
)
def test_a_connection_lives_as_long_as_who_asked_wants(port, sqlite_store, request_, hangs_up):
    assert talk(port, request_) == ([200], hangs_up)
    assert kept(sqlite_store) == [BODY]


def test_who_asks_first_whether_to_go_on_is_told(port, sqlite_store):
    assert talk(port, head(expect="100-continue"), BODY, answers=2)[0] == [200]
    assert kept(sqlite_store) == [BODY]


def test_who_breaks_off_leaves_nothing_and_others_are_served(port, sqlite_store):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        wire.sendall(head() + BODY[:20])
    assert talk(port, whole(OTHER)) == ([200], False)
    assert kept(sqlite_store) == [OTHER]


@pytest.mark.parametrize(
    "nonsense", [b"\x00\xff\r\n\r\n", b"POST /webhooks/whatsapp HTTP/9\r\n\r\n", head(length="-1")]
)
def test_nonsense_is_refused_and_others_are_served(port, sqlite_store, nonsense):
    found, hung_up = talk(port, nonsense)
    assert (found, hung_up) == ([400], True)
    assert talk(port, whole()) == ([200], False)


def test_another_method_at_a_door_finds_nothing(port, sqlite_store):
    assert talk(port, head(method="PUT") + BODY)[0] == [404]
    assert kept(sqlite_store) == []
