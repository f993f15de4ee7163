"""One small world that lives through three weeks, a dashboard over it, and a browser: made once, looked at by many."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotThereError

from cli.demo import run_demo
from cli.processes import free_port, wait_for
from core.settings import Settings

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The world's data folder, and what came of it."""
    data_dir = tmp_path_factory.mktemp("journey")
    settings = Settings(_env_file=None, data_dir=data_dir, public_url="http://127.0.0.1:0")
    return data_dir, run_demo(companies=150, days=21, seed=7, settings=settings, say=print)


@contextmanager
def serving(data_dir: Path, **settings: str) -> Iterator[str]:
    """Serve the dashboard over a world with these settings; yields its address."""
    port = free_port()
    arguments = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", *arguments],
        cwd=Path(__file__).parents[2],
        env={"BMA_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin", "HOME": "/tmp", **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def dashboard(lived: tuple[Path, dict[str, Any]]) -> Iterator[str]:
    """A dashboard as the demo opens it: to this machine, as an administrator."""
    with serving(lived[0], BMA_DASHBOARD_ROLE="admin") as address:
        yield address


def downloaded(page: Page, button: str) -> Path:
    """Ask for an export until its file comes: a page that is being drawn again forgets a click."""
    for _ in range(4):
        try:
            with page.expect_download(timeout=15_000) as download:
                page.locator(f".st-key-{button} button").click()
        except NotThereError:
            continue
        return Path(download.value.path())
    raise AssertionError(f"{button} gives no file")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open a real Chromium; it keeps an event loop running in this thread."""
    if _CHROMIUM is None:
        pytest.skip("Chromium is not installed: install it (Debian: apt-get install chromium) to run this test")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def browser(lived: tuple[Path, dict[str, Any]]) -> Iterator[Browser]:
    """A browser, opened after the world has lived and closed with the file."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, dashboard: str) -> Iterator[Page]:
    """A new page on a wide screen."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 1100}, base_url=dashboard, accept_downloads=True, color_scheme="light"
    )
    yield context.new_page()
    context.close()
