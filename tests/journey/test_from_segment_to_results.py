"""A message's whole way in the browser: a segment, a campaign for it, another's word, sending, and what came of it."""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import TimeoutError as NotThereError

from assets.steps import Steps
from campaigns.closed_days import closed_days
from cli import world
from cli.demo import Demo, LogicalClock, Stages, gateway_in_thread
from cli.processes import Processes, free_port, get_json
from tests.journey.conftest import chromium, downloaded, serving
from tests.journey.test_journey import choose
from tests.journey.test_pages import settled

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[tuple[Demo, dict[str, str]]]:
    """A world of sixty companies of now, read and published; nothing was ever sent in it."""
    now, port = datetime.now(UTC), free_port()
    secrets = world.read_secrets(tmp_path)
    with Processes(tmp_path / "logs") as processes:
        crm = processes.start("crm", *world.crm_arguments(secrets, 60, 7, now, now), answers=True)
        address = f"http://127.0.0.1:{port}"
        providers = processes.start("providers", *world.provider_arguments(secrets, 7, address), answers=True)
        settings = world.settings_for(tmp_path, secrets, crm, providers, address)
        clock = LogicalClock(now)
        demo = Demo(Steps(settings, clock=clock), clock, crm["url"], providers["url"], Stages(print))
        with gateway_in_thread(settings, clock, port):
            demo.refresh("full", is_last=True)
            yield demo, secrets


def signed_in(browser: Browser, address: str, password: str) -> BrowserContext:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 1100})
    page = context.new_page()
    page.goto("/?lang=en")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").first.click()
    page.get_by_role("heading", name="Today", exact=True).wait_for(timeout=90_000)
    return context


def opened(page: Page, path: str, heading: str) -> None:
    page.goto(f"{path}?lang=en")
    page.get_by_role("heading", name=heading, exact=True).wait_for(timeout=90_000)
    settled(page)


def build_segment(page: Page) -> int:
    """Put a segment together by its condition and save it; returns how many the page counts."""
    opened(page, "/segments", "Segments")
    value = page.locator("[class*=st-key-rule_value_][class*=country_is] input")  # not the field before's
    for _ in range(5):  # a page that is still drawing forgets the choice
        choose(page, "Field", "Country")
        with contextlib.suppress(NotThereError):
            value.wait_for(timeout=5000)
            break
    value.fill("Thailand")
    value.press("Enter")
    page.locator(".st-key-rule_add button").click()
    expect(page.get_by_role("textbox", name="Definition")).to_have_value(re.compile("is: Thailand"), timeout=30_000)
    settled(page)
    page.get_by_role("button", name="Save the segment").click()
    page.get_by_text("my_segment is saved as version 1").wait_for(timeout=30_000)
    return int(page.locator("[data-testid=stMetricValue]").first.inner_text().replace(",", ""))


def open_day(now: datetime) -> date:
    """The next day on which one may write to Thailand: neither a weekend nor a holiday."""
    day = now.astimezone(ZoneInfo("Asia/Bangkok")).date() + timedelta(days=1)
    closed = closed_days(["Thailand"], day)
    while day.weekday() > 4 or f"Thailand {day}" in closed:
        day += timedelta(days=1)
    return day


def write_campaign(page: Page, day: date) -> None:
    opened(page, "/campaigns", "Campaigns")
    page.get_by_text("Write a new campaign").wait_for(timeout=30_000)
    page.get_by_role("textbox", name="Name, English").fill("Song week")
    choose(page, "Segment", "My segment")
    settled(page)
    expect(page.get_by_role("combobox", name="Segment")).to_have_value("My segment", timeout=30_000)
    page.locator(".st-key-c_day input").fill(f"{day:%Y/%m/%d}")
    page.locator(".st-key-c_day input").press("Enter")
    page.get_by_role("button", name="Save as a draft").click()
    page.get_by_role("heading", name="Song week · Draft").wait_for(timeout=30_000)
    settled(page)
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_role("heading", name="Song week · Checked").wait_for(timeout=30_000)


def approve(page: Page) -> None:
    opened(page, "/campaigns", "Campaigns")
    for button, status in (("Approve", "Approved"), ("Schedule", "Scheduled")):
        page.get_by_role("button", name=button, exact=True).click()
        page.get_by_role("heading", name=f"Song week · {status}").wait_for(timeout=30_000)
        settled(page)


def exported(page: Page, table: str) -> list[dict[str, str]]:
    with downloaded(page, f"csv-{table}").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_a_segment_becomes_a_campaign_another_approves_it_it_is_sent_and_its_results_are_seen(
    town: tuple[Demo, dict[str, str]],
) -> None:
    demo, secrets = town
    data_dir = demo.steps.settings.data_dir
    with (
        chromium() as browser,
        serving(data_dir, BMA_DASHBOARD_ROLE="admin") as ours,
        serving(data_dir, BMA_JWT_SECRET=secrets["jwt"], BMA_CRM_URL=demo.crm_url) as hers,
    ):
        page = browser.new_context(base_url=ours, viewport={"width": 1440, "height": 1100}).new_page()
        counted = build_segment(page)
        write_campaign(page, day := open_day(demo.clock.now))
        other = signed_in(browser, hers, secrets["crm_password"])
        approve(other.pages[0])
        other.close()

        slot = datetime.combine(day, time(10, 5), ZoneInfo("Asia/Bangkok"))
        demo.move_to(slot)
        demo.refresh()
        report = demo.steps.run_campaign("song_week")
        with ThreadPoolExecutor(1) as thread:  # the browser keeps an event loop running in this one
            thread.submit(demo.steps.send_due).result()
        demo.move_to(slot + timedelta(hours=6))
        demo.refresh(is_last=True)

        page.goto("/campaigns?lang=en&campaign=song_week")
        page.get_by_role("heading", name="Funnel by channel").wait_for(timeout=90_000)
        settled(page)
        page.get_by_text("The numbers behind it").nth(1).click()
        funnel = exported(page, "funnel")
        people = exported(page, "people")
    received = get_json(f"{demo.providers_url}/_sandbox/received")

    assert counted == report.audience > 0
    assert Counter(row["outcome"] for row in people) == Counter(report.outcomes)
    assert {row["channel"]: int(row["sent"]) for row in funnel if int(row["sent"])} == Counter(
        each["channel"] for each in received
    )
    assert sum(int(row["sent"]) for row in funnel) == report.planned > 0
    assert any(int(row["delivered"]) for row in funnel)
