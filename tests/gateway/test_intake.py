"""The intake under load: what finds no place is put off, what was let in is written, whatever happens meanwhile."""

import asyncio
from collections import Counter

import httpx
import pytest

from gateway import applying, intake, writing
from gateway.app import create_app
from tests.gateway.conftest import signed
from tests.gateway.test_webhooks import DOORS, meta, status

DOOR = DOORS[0]
BODIES = [meta(status("none", id=f"wamid.{number}")) for number in range(40)]


class Gateway:
    """The gateway without a network, and its lifespan in our hands."""

    def __init__(self, settings, store, now) -> None:
        self._app = create_app(settings, engine=store, clock=lambda: now)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://gateway")
        self.intake = self._app.state.intake

    async def post(self, body: bytes) -> httpx.Response:
        return await self._http.post(DOOR, content=body, headers=signed(DOOR, body))

    def posting(self, bodies) -> list["asyncio.Task[httpx.Response]"]:
        return [asyncio.create_task(self.post(body)) for body in bodies]


@pytest.fixture
def gateway(settings, sqlite_store, now) -> Gateway:
    return Gateway(settings, sqlite_store, now)


def outcome(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_who_finds_no_place_is_put_off_and_what_was_let_in_is_written_once_the_store_is_free(
    gateway, sqlite_store, rows, monkeypatch
):
    monkeypatch.setattr(intake, "_MOST_WAITING", 10)

    async def run() -> list[httpx.Response]:
        await gateway.intake.start()
        with sqlite_store.begin():  # nobody else may write
            posting = gateway.posting(BODIES)
            await asyncio.sleep(0.3)
        answers = await asyncio.gather(*posting)
        await gateway.intake.stop()
        return answers

    answers = asyncio.run(run())
    assert outcome(answers) == {200: 10, 503: 30}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 503)
    taken = {body for body, answer in zip(BODIES, answers, strict=True) if answer.status_code == 200}
    assert {row["body"] for row in rows("inbox")} == taken


def test_large_deliveries_that_wait_are_limited_by_their_size(gateway, sqlite_store, monkeypatch):
    monkeypatch.setattr(intake, "_MOST_BYTES_WAITING", 5 * len(BODIES[0]) + 20)

    async def run() -> list[httpx.Response]:
        await gateway.intake.start()
        with sqlite_store.begin():
            posting = gateway.posting(BODIES[:9])
            await asyncio.sleep(0.2)
        answers = await asyncio.gather(*posting)
        await gateway.intake.stop()
        return answers

    assert outcome(asyncio.run(run())) == {200: 5, 503: 4}


def test_nobody_waits_longer_than_a_provider_does(gateway, sqlite_store, rows, monkeypatch):
    monkeypatch.setattr(intake, "_LONGEST_WAIT", 0.1)

    async def run() -> list[int]:
        await gateway.intake.start()
        with sqlite_store.begin():
            first = await gateway.post(BODIES[0])
        again = await gateway.post(BODIES[0])  # by now it may have been written: a repeat is answered all the same
        await gateway.intake.stop()
        return [first.status_code, again.status_code]

    assert asyncio.run(run()) == [503, 200]
    assert len(rows("inbox")) == 1


def test_stopping_writes_what_waits(gateway, sqlite_store, rows):
    async def run() -> list[httpx.Response]:
        await gateway.intake.start()
        with sqlite_store.begin():
            posting = gateway.posting(BODIES)
            await asyncio.sleep(0.1)
            stopping = asyncio.create_task(gateway.intake.stop())
            await asyncio.sleep(0.05)
        await stopping
        return await asyncio.gather(*posting)

    assert outcome(asyncio.run(run())) == {200: len(BODIES)}
    assert len(rows("inbox")) == len(BODIES)


def test_a_fault_of_ours_puts_the_delivery_off_and_the_writer_lives(gateway, rows, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError

    async def run() -> list[int]:
        await gateway.intake.start()
        with monkeypatch.context() as faulty:
            faulty.setattr(writing, "keep", broken)
            first = await gateway.post(BODIES[0])
        again = await gateway.post(BODIES[0])
        await gateway.intake.stop()
        return [first.status_code, again.status_code]

    assert asyncio.run(run()) == [503, 200]
    assert [row["state"] for row in rows("inbox")] == ["applied"]


def test_a_delivery_whose_translation_breaks_is_kept_and_its_neighbours_are_applied(gateway, rows, monkeypatch):
    translate = applying.whatsapp_events.translate

    def fragile(body: bytes, **more: object):
        if body == BODIES[1]:
            raise MemoryError
        return translate(body, **more)

    monkeypatch.setattr(applying.whatsapp_events, "translate", fragile)

    async def run() -> list[httpx.Response]:
        await gateway.intake.start()
        answers = await asyncio.gather(*gateway.posting(BODIES[:5]))
        await gateway.intake.stop()
        return answers

    assert outcome(asyncio.run(run())) == {200: 5}
    assert Counter(row["state"] for row in rows("inbox")) == {"applied": 4, "rejected": 1}
