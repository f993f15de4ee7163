"""Every page in a real browser: both languages, a wide screen and a phone, light and dark; and the way in and out."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from cli import world
from cli.processes import Processes
from tests.journey.conftest import serving

pytestmark = pytest.mark.timeout(900)

PAGES = {
    "/": ("Today", "วันนี้"),
    "/campaigns": ("Campaigns", "แคมเปญ"),
    "/segments": ("Segments", "กลุ่มลูกค้า"),
    "/customer": ("Customers", "ลูกค้า"),
    "/conversations": ("Conversations", "บทสนทนา"),
    "/channels": ("Channels", "ช่องทาง"),
    "/predictions": ("Predictions", "การคาดการณ์"),
    "/reports": ("Reports", "รายงาน"),
    "/health": ("Data health", "สุขภาพข้อมูล"),
    "/admin": ("Administration", "การดูแลระบบ"),
}
_WIDE, _PHONE = ViewportSize(width=1440, height=1100), ViewportSize(width=390, height=844)
_SCREENS: tuple[tuple[Literal["light", "dark"], ViewportSize], ...] = (
    ("light", _WIDE),
    ("light", _PHONE),
    ("dark", _PHONE),
    ("dark", _WIDE),
)
_NO_NUMBER = '[aria-label*="NaN"]'  # an axis that holds none: everything lies on its left end
_WRONG = "[data-testid=stException], [data-testid=stAlertContentError]"
_BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
_OVERFLOW = "(main => main.scrollWidth - main.clientWidth)(document.querySelector('[data-testid=stMain]'))"


def settled(page: Page) -> None:
    """Wait until the page is drawn to its end."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=90_000)
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=90_000)


def barriers(page: Page) -> list[tuple[str, str, str]]:
    """Return what axe-core finds that keeps people out: impact serious or critical by WCAG 2 A and AA."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"], "resultTypes": ["violations"]})
    return [
        (each["impact"], each["id"], each["nodes"][0]["html"])
        for each in found.response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("language", ["en", "th"])
def test_every_page_opens_without_an_error_on_every_screen(page: Page, language: str) -> None:
    for path, headings in PAGES.items():
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(_WIDE)
        page.goto(f"{path}?lang={language}")
        page.get_by_role("heading", name=headings[language == "th"], exact=True).wait_for(timeout=90_000)
        settled(page)
        light = page.evaluate(_BACKGROUND)
        assert page.locator(_NO_NUMBER).count() == 0, path
        for scheme, size in _SCREENS:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(f"({_BACKGROUND} === {light!r}) === {str(scheme == 'light').lower()}")
            page.set_viewport_size(size)
            settled(page)
            assert barriers(page) == [], (path, scheme, size)
            assert page.evaluate(_OVERFLOW) <= 0, f"{path} is wider than {size['width']}, {scheme}"
            assert page.locator(_WRONG).all_inner_texts() == [], path


def test_who_signs_in_with_the_crms_word_gets_in_and_out_again(
    browser: Browser, lived: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    secrets = world.read_secrets(tmp_path)
    now = datetime.now(UTC)
    with Processes(tmp_path / "logs") as processes:
        crm = processes.start("crm", *world.crm_arguments(secrets, 2, 7, now, now), answers=True)
        with serving(lived[0], BMA_JWT_SECRET=secrets["jwt"], BMA_CRM_URL=crm["url"]) as address:
            context = browser.new_context(base_url=address)
            page = context.new_page()
            page.goto("/customer?lang=th")
            page.get_by_label("User name").fill("admin")
            page.get_by_label("Password").fill(secrets["crm_password"])
            page.get_by_role("button", name="Sign in").first.click()
            page.get_by_role("heading", name="ลูกค้า", exact=True).wait_for(timeout=90_000)
            settled(page)
            (cookie,) = (each for each in context.cookies() if each["name"] == "bma_session")
            other = context.new_page()
            other.goto("/?lang=en")
            other.get_by_text("Ada Admin · Administrator").wait_for(timeout=90_000)
            settled(other)

            page.get_by_role("link", name="ออกจากระบบ").click()
            page.wait_for_url("**/sign-in*")
            other.get_by_text("Last 28 days").click()
            other.get_by_text("Your session has ended").wait_for(timeout=30_000)
            context.close()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    assert cookie["expires"] < time.time() + 8 * 3600 + 60


def test_a_marketer_writes_a_campaign_sees_what_it_would_do_and_another_must_approve_it(page: Page) -> None:
    page.goto("/campaigns?lang=en")
    page.get_by_role("heading", name="Campaigns", exact=True).wait_for(timeout=90_000)
    settled(page)
    page.get_by_role("tab", name="Build and approve").click()
    page.get_by_text("Write a new campaign").click()
    page.get_by_role("textbox", name="Name, English").fill("Song week")
    page.get_by_role("button", name="Save as a draft").click()  # as people do: the field is left by this very click
    page.get_by_role("heading", name="Song week · Draft").wait_for(timeout=30_000)
    settled(page)
    page.get_by_role("button", name="Look ahead").click()
    page.get_by_text("Would be sent").wait_for(timeout=30_000)
    settled(page)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Song week · Checked").wait_for(timeout=30_000)
    settled(page)
    page.get_by_role("button", name="Approve", exact=True).click()
    page.locator("[data-testid=stAlertContentError]").wait_for(timeout=30_000)

    assert "another" in page.locator("[data-testid=stAlertContentError]").inner_text()
    page.goto("/?lang=en")
    page.get_by_role("heading", name="What waits for approval").wait_for(timeout=90_000)
    page.locator(".st-key-csv-waiting_campaigns").wait_for(timeout=30_000)
