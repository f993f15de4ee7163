"""The writing process: what it acknowledged is durable, its death is answered 503, and it writes before it ends."""

import asyncio
import os
import signal
import sqlite3
import time
import uuid
from collections import Counter
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from core.ids import _NAMESPACE, derived_id
from core.store.engine import open_store
from core.store.tables import events, inbox
from gateway import writing_child
from gateway.app import create_app
from gateway.frames import Frames, frame
from tests.gateway.conftest import signed
from tests.gateway.test_webhooks import DOORS, meta, status

DOOR = DOORS[0]
BODIES = [meta(status("none", id=f"wamid.{number}")) for number in range(120)]


class Gateway:
    """The gateway as `bma gateway` makes it, without a network."""

    def __init__(self, settings) -> None:
        self._app = create_app(settings, writes_apart=True)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://gateway")
        self.intake = self._app.state.intake

    def writing_process(self) -> int:
        return self.intake._writer._child.pid

    async def post(self, body: bytes) -> int:
        return (await self._http.post(DOOR, content=body, headers=signed(DOOR, body))).status_code

    async def ready(self) -> int:
        return (await self._http.get("/readyz")).status_code

    def posting(self, bodies) -> "asyncio.Future[list[int]]":
        return asyncio.gather(*(self.post(body) for body in bodies))


@pytest.fixture
def gateway(settings) -> Gateway:
    return Gateway(settings)


def kept(settings, table=inbox) -> int:
    engine = open_store(settings.effective_store_url)
    with engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_what_is_answered_200_is_in_the_store_once_with_its_event(gateway, settings):
    async def run() -> list[int]:
        await gateway.intake.start()
        answers = await gateway.posting([*BODIES, *BODIES[:20]])
        await gateway.intake.stop()
        return answers

    assert Counter(asyncio.run(run())) == {200: 140}
    assert kept(settings) == kept(settings, events) == len(BODIES)


def test_its_death_is_answered_503_and_it_is_started_again(gateway, settings):
    async def run() -> tuple[list[int], list[int], list[int]]:
        await gateway.intake.start()
        before = await gateway.ready()
        pid = gateway.writing_process()
        os.kill(pid, signal.SIGSTOP)  # it takes nothing any more
        posting = gateway.posting(BODIES)
        await asyncio.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        lost = await posting
        meanwhile = await gateway.ready()
        async with asyncio.timeout(60):
            while await gateway.ready() != 200:  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0.05)
        again = await gateway.posting(BODIES)
        await gateway.intake.stop()
        return [before, meanwhile], lost, again

    ready, lost, again = asyncio.run(run())
    assert ready == [200, 503]
    assert Counter(lost) == {503: len(BODIES)}
    assert Counter(again) == {200: len(BODIES)}
    assert kept(settings) == kept(settings, events) == len(BODIES)


def test_what_comes_while_it_starts_again_is_written_once_it_has_started(gateway, settings):
    async def run() -> list[int]:
        await gateway.intake.start()
        writer = gateway.intake._writer
        pid = gateway.writing_process()
        os.kill(pid, signal.SIGKILL)
        while writer.is_running:  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0)
        async with asyncio.timeout(60):
            while writer._link is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
            answers = await gateway.posting(BODIES)
            await gateway.intake.stop()
        return answers

    assert Counter(asyncio.run(run())) == {200: len(BODIES)}
    assert kept(settings) == kept(settings, events) == len(BODIES)


def test_a_signal_to_everybody_and_a_stop_leave_nothing_unwritten(gateway, settings):
    async def run() -> tuple[list[int], int]:
        await gateway.intake.start()
        pid = gateway.writing_process()
        posting = gateway.posting(BODIES)
        await asyncio.sleep(0)
        for name in (signal.SIGTERM, signal.SIGINT):
            os.kill(pid, name)
        stopping = asyncio.create_task(gateway.intake.stop())
        answers = await posting
        await stopping
        return answers, pid

    answers, pid = asyncio.run(run())
    assert Counter(answers) == {200: len(BODIES)}
    assert kept(settings) == len(BODIES)
    assert not Path(f"/proc/{pid}").exists()


def test_without_a_gateway_it_ends(gateway, settings):
    async def run() -> int:
        await gateway.intake.start()
        pid = gateway.writing_process()
        gateway.intake._writer._link.close()  # as the system does when the gateway dies
        gateway.intake._writer._is_stopping = True
        await asyncio.to_thread(gateway.intake._writer._child.wait, 20)
        return pid

    assert not Path(f"/proc/{asyncio.run(run())}").exists()


def test_the_log_that_is_synced_is_the_one_that_sqlite_writes(tmp_path, monkeypatch):
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    synced = []
    monkeypatch.setattr(writing_child, "_sync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink()))
    with engine.connect() as connection:
        connection.exec_driver_sql("insert into links values ('a', 'http://x', '2026-01-01')")
        connection.commit()
        writing_child.sync_log(connection)
        other = sqlite3.connect(tmp_path / "store.db")
        assert other.execute("select count(*) from links").fetchone() == (1,)

    assert synced == [tmp_path / "store.db-wal"]


def test_the_log_is_copied_into_the_database_beside_the_writing(tmp_path):
    path = tmp_path / "store.db"
    engine = open_store(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("insert into links values ('a', 'http://beside', '2026-01-01')")
    copying = writing_child._Copying(engine)
    copying.note(writing_child._COPY_EVERY - 1)
    before = path.read_bytes()
    copying.note(1)
    deadline = time.monotonic() + 20
    while b"http://beside" not in path.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert b"http://beside" not in before


def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut():
    contents = [(1, [b"x" * 70_000]), None, (2, ["ชื่อ"])]
    text = b"".join(frame(each) for each in contents)
    for size in (1, 3, 7, len(text)):
        frames = Frames()
        assert [each for at in range(0, len(text), size) for each in frames.feed(text[at : at + size])] == contents


def test_a_derived_id_is_the_uuid_of_its_parts():
    for parts in (("whatsapp", "wamid.1", "read", ""), ("line", "ü", 7), ()):
        assert derived_id(*parts) == str(uuid.uuid5(_NAMESPACE, "\x1f".join(map(str, parts))))
