"""Gateway, store and publishing stop while pages are open: each is said in words, and comes back without a click."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from bench import postgres
from cli.processes import free_port, wait_for
from core.store.engine import open_store
from tests.journey.conftest import serving
from tests.journey.test_pages import settled
from warehouse import publish
from warehouse.connect import connect

pytestmark = pytest.mark.timeout(900)
_WRONG = "[data-testid=stException], [data-testid=stAlertContentError]"
_PAGES = ("/?lang=en", "/campaigns?lang=en", "/conversations?lang=en", "/admin?lang=en")
_SOON = 60_000


@contextmanager
def windows(browser: Browser, address: str, paths: tuple[str, ...] = _PAGES) -> Iterator[list[Page]]:
    """Open a window for each path, drawn to its end."""
    context = browser.new_context(viewport={"width": 1440, "height": 1100}, base_url=address)
    pages = []
    for path in paths:
        page = context.new_page()
        page.goto(path)
        page.get_by_role("heading", level=1).first.wait_for(timeout=90_000)
        settled(page)
        pages.append(page)
    yield pages
    context.close()


def no_traceback(page: Page) -> None:
    assert page.locator(_WRONG).all_inner_texts() == [], page.url
    assert "Traceback" not in page.inner_text("body")


@contextmanager
def gateway(data_dir: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the gateway over a world."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "gateway", "--port", str(port)],
        cwd=Path(__file__).parents[2],
        env={"BMA_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin", "HOME": "/tmp"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_a_gateway_that_stops_is_said_on_every_open_page_and_its_return_is_seen(
    browser: Browser, lived: tuple[Path, dict[str, Any]]
) -> None:
    port = free_port()
    settings = {"BMA_DASHBOARD_ROLE": "admin", "BMA_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    with (
        serving(lived[0], **settings) as address,
        gateway(lived[0], port) as running,
        windows(browser, address) as pages,
    ):
        for page in pages:
            assert page.get_by_text("The gateway does not answer").count() == 0
        running.terminate()
        running.wait(timeout=20)
        for page in pages:
            page.get_by_text("The gateway does not answer").wait_for(timeout=_SOON)
            no_traceback(page)
        with gateway(lived[0], port):
            for page in pages:
                page.get_by_text("The gateway does not answer").wait_for(state="detached", timeout=_SOON)
                no_traceback(page)


@pytest.mark.skipif(not postgres.is_installed(), reason=postgres.MISSING)
def test_a_store_that_stops_is_said_where_it_is_asked_and_pages_come_back_by_themselves(
    browser: Browser, lived: tuple[Path, dict[str, Any]]
) -> None:
    with postgres.running() as server:
        url = postgres.new_database(server.url, "stopped")
        open_store(url).dispose()
        serve = serving(lived[0], BMA_DASHBOARD_ROLE="admin", BMA_STORE_URL=url)
        with serve as address, windows(browser, address) as pages:
            server.stop()
            for page in pages:
                page.get_by_text("ไทย", exact=True).click()  # whatever makes the page ask again
                page.get_by_text("ขณะนี้").first.wait_for(timeout=_SOON)  # "at this moment it cannot be read"
                no_traceback(page)
            server.start()
            for page in pages:
                page.get_by_text("ขณะนี้").first.wait_for(state="detached", timeout=_SOON)
                settled(page)
                no_traceback(page)


def test_publishing_that_stops_is_said_and_what_is_published_next_shows_by_itself(
    browser: Browser, lived: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    data_dir = shutil.copytree(lived[0], tmp_path / "world", ignore=shutil.ignore_patterns("dlt", "dagster*"))
    pointer = data_dir / "serve" / "newest.json"
    with serving(data_dir, BMA_DASHBOARD_ROLE="admin") as address, windows(browser, address) as pages:
        said = json.loads(pointer.read_text())
        before = datetime.now(UTC) - timedelta(hours=7)
        pointer.write_text(json.dumps({**said, "published_at": before.isoformat()}))
        for page in pages:
            page.get_by_text("The data stand still since 7 hours").wait_for(timeout=_SOON)
            no_traceback(page)
        pointer.unlink()
        gone = pages[0]
        gone.reload()
        gone.get_by_text("Nothing is published yet").wait_for(timeout=_SOON)
        no_traceback(gone)
        with connect(data_dir / "warehouse.duckdb") as warehouse:
            publish.publish(warehouse, data_dir / "serve", datetime.now(UTC))
        for page in pages:
            page.get_by_text("The data stand still").wait_for(state="detached", timeout=_SOON)
            settled(page)
            no_traceback(page)
        gone.get_by_role("heading", name="Today", exact=True).wait_for(timeout=_SOON)
