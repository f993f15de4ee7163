"""The same words to many: one request where LINE can, and never in a way that a repeat would reach somebody twice."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.store import doubts, ledger, suppressions
from core.store.tables import messages
from core.store.templates import save_template
from core.vocabulary import Channel, Status
from senders import event_loop
from senders.compose import Links
from senders.feed import Feed
from senders.lane_store import LaneStore
from senders.limits import Limits
from senders.line.send import LineSender, retry_key
from senders.prepare import Preparer
from senders.ready import Ready
from senders.worker import run_worker
from tests.core.test_ledger import row
from tests.senders.peers import CUT, HttpPeer, http
from tests.senders.working import OPTIONS, statuses

TAKEN = http(200, "{}", X_Line_Request_Id="r1")
FAST = Limits(per_second=500, in_flight=20)
LATER = timedelta(minutes=3)  # longer than a message's lease


def plan(store: sa.Engine, count: int, text: str = "Closed on Monday", **changes: Any) -> None:
    content = {"text": text, "language": "en", "required": []}
    now = utc_now()
    with store.begin() as connection:
        save_template(connection, template_id="news", channel="line", language="en", content=content, now=now)
        line = {"channel": "line", "template_id": "news", "language": "en"}
        rows = [row(number, address=f"U{number:032}", **line, **changes) for number in range(count)]
        ledger.plan(connection, rows, now)


def work(store: sa.Engine, behaviour: Any, *, later: timedelta = timedelta(0)) -> HttpPeer:
    """Send what is due to a LINE that behaves so."""

    async def run() -> HttpPeer:
        async with HttpPeer(behaviour) as peer:
            sender = LineSender(url=f"http://127.0.0.1:{peer.port}", token="t")
            await run_worker(
                store,
                {Channel.LINE: sender},
                options=OPTIONS,
                clock=lambda: utc_now() + later,
                until_idle=True,
                limits=lambda _channel: FAST,
            )
            return peer

    return event_loop.run(asyncio.wait_for(run(), 30))


def people(request: bytes) -> list[str]:
    to = json.loads(request.partition(b"\r\n\r\n")[2])["to"]
    return to if isinstance(to, list) else [to]


def key(request: bytes) -> bytes:
    return next(line for line in request.split(b"\r\n") if line.lower().startswith(b"x-line-retry-key:"))


def test_the_same_words_to_many_are_one_request(store: sa.Engine) -> None:
    plan(store, 240)
    peer = work(store, TAKEN)

    assert [len(people(request)) for request in peer.taken] == [
        50,
        190,
    ]  # small until words are alike
    assert all(request.startswith(b"POST /v2/bot/message/multicast ") for request in peer.taken)
    assert len({person for request in peer.taken for person in people(request)}) == 240
    assert statuses(store) == {"accepted": 240}
    with store.connect() as connection:
        assert set(connection.execute(sa.select(messages.c.provider_message_id)).scalars()) == {"r1"}


def test_a_request_reaches_at_most_five_hundred_people(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 1230)
    peer = work(sqlite_store, TAKEN)

    assert max(len(people(request)) for request in peer.taken) == 500
    assert sorted(person for request in peer.taken for person in people(request)) == [f"U{n:032}" for n in range(1230)]


def test_words_that_are_personal_go_to_each_alone(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 3, "For {{ who }}")
    with sqlite_store.begin() as connection:
        for number in range(3):
            mine = messages.c.message_id == f"m{number}"
            connection.execute(sa.update(messages).where(mine).values(variables={"who": f"p{number}"}))
    peer = work(sqlite_store, http(200, '{"sentMessages":[{"id":"1"}]}'))

    assert [request.split(b" ")[1] for request in peer.taken] == [b"/v2/bot/message/push"] * 3


def test_one_person_with_two_messages_is_never_twice_in_a_request(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 4)
    with sqlite_store.begin() as connection:
        connection.execute(sa.update(messages).where(messages.c.message_id == "m3").values(address=f"U{0:032}"))
    peer = work(sqlite_store, TAKEN)

    assert sorted(len(people(request)) for request in peer.taken) == [1, 3]


def test_personal_words_are_claimed_a_few_at_a_time_so_that_a_kill_leaves_few_in_doubt(
    sqlite_store: sa.Engine,
) -> None:
    store = LaneStore(sqlite_store, "line", "w", Preparer(Links(public_url="http://x", secret="s")), utc_now)
    claimed: list[int] = []

    def claim(limit: int, *_others: Any) -> Any:
        claimed.append(limit)
        return [Ready(((None, None),), None, 0.0)] * 9, []

    store.claim = claim
    feed = Feed(store, FAST, 500)

    async def fill() -> None:
        for _ in range(3):
            feed.fill(None)
            await feed.fetched()
            feed.ready.clear()

    event_loop.run(fill())
    store.close()
    assert claimed == [50, 50, 50]


def test_a_batch_in_doubt_is_asked_about_with_the_same_key_and_the_same_people(store: sa.Engine) -> None:
    plan(store, 50)
    cut = work(store, CUT)
    assert statuses(store) == {"in_doubt": 50}

    known = http(409, '{"message":"The retry key is already accepted"}', X_Line_Accepted_Request_Id="first")
    again = work(store, known, later=LATER)

    assert len(again.taken) == 1
    assert key(again.taken[0]) == key(cut.taken[0])
    assert people(again.taken[0]) == people(cut.taken[0])
    assert statuses(store) == {"accepted": 50}


def test_a_batch_whose_worker_died_before_it_sent_goes_out_once_and_under_the_key_it_was_committed_with(
    store: sa.Engine,
) -> None:
    plan(store, 50)
    dead = LaneStore(store, "line", "dead", Preparer(Links(public_url="http://x", secret="s")), utc_now)
    (committed,), _ = dead.claim(500, 500, set())
    dead.close()
    peer = work(store, TAKEN, later=LATER)

    assert [len(people(request)) for request in peer.taken] == [50]
    assert committed.batch_id is not None
    assert retry_key(committed.batch_id).encode() in key(peer.taken[0])
    assert statuses(store) == {"accepted": 50}


def test_a_batch_in_doubt_that_is_refused_when_asked_about_stays_in_doubt_and_is_never_parted(
    sqlite_store: sa.Engine,
) -> None:
    plan(sqlite_store, 50)
    work(sqlite_store, CUT)
    refused = http(400, '{"message":"The property, \'to[2]\', in the request body is invalid"}')
    again = work(sqlite_store, refused, later=LATER)

    assert all(len(people(request)) == 50 for request in again.taken)
    assert statuses(sqlite_store) == {"in_doubt": 50}


def _opt_out(connection: sa.Connection) -> None:
    who: dict[str, Any] = {"channel": "line", "address": None, "contact_id": "c7"}
    suppressions.add(connection, **who, reason="unsubscribed", source="one_click", now=utc_now())


def _decide(connection: sa.Connection) -> None:
    doubts.settle(connection, messages.c.message_id == "m7", Status.PLANNED, reason="never left", at=utc_now())
    ledger.cancel(connection, "m7", reason="no longer", at=utc_now())


@pytest.mark.parametrize("change", [_opt_out, _decide])
def test_a_batch_in_doubt_that_can_no_longer_go_out_as_it_did_is_left_to_a_person(
    sqlite_store: sa.Engine, change: Callable[[sa.Connection], None]
) -> None:
    plan(sqlite_store, 50)
    work(sqlite_store, CUT)
    with sqlite_store.begin() as connection:
        change(connection)
    again = work(sqlite_store, TAKEN, later=LATER)

    assert again.taken == []
    assert statuses(sqlite_store)["in_doubt"] >= 49


def test_when_a_batch_is_refused_each_goes_alone_and_only_the_one_at_fault_fails(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 5)
    refused = http(400, '{"message":"The property, \'to[2]\', in the request body is invalid"}')
    nobody = http(400, '{"message":"Failed to send messages"}')
    good = http(200, '{"sentMessages":[{"id":"1"}]}')

    def behave(request: bytes) -> bytes:
        if b"/multicast" in request:
            return refused
        return nobody if f"U{2:032}".encode() in request else good

    peer = work(sqlite_store, behave)

    assert len(peer.taken) == 6
    assert statuses(sqlite_store) == {"accepted": 4, "failed": 1}


def test_who_opts_out_after_the_claim_is_left_out_and_the_others_still_get_it_once(
    sqlite_store: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(sqlite_store, 10)
    seen = LineSender.send_alike

    async def late(self: LineSender, *arguments: Any) -> Any:
        if not suppressed:
            suppressed.append(True)
            with sqlite_store.begin() as connection:
                _opt_out(connection)
        return await seen(self, *arguments)

    suppressed: list[bool] = []
    monkeypatch.setattr(LineSender, "send_alike", late)
    peer = work(sqlite_store, TAKEN)

    assert [len(people(request)) for request in peer.taken] == [9]
    assert statuses(sqlite_store) == {"accepted": 9, "suppressed": 1}
