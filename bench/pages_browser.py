"""First paints in a real Chromium, where one is installed."""

import shutil
from collections.abc import Sequence
from statistics import median

_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
_TRIES = 3
_PAINTED = """() => new Promise(done => new PerformanceObserver(list => {
    const found = list.getEntriesByName('first-contentful-paint');
    if (found.length) done(found[0].startTime);
}).observe({type: 'paint', buffered: true}))"""


def first_paints(address: str, pages: Sequence[str]) -> dict[str, float]:
    """Return the milliseconds to the first contentful paint of each page, the median of three openings.

    The browser has the application's files already, as a person's has on the second morning. Nothing where there is
    no Chromium.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        return {}
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        tab = browser.new_context(base_url=address).new_page()
        tab.goto("/")
        tab.evaluate(_PAINTED)
        for page in pages:
            times = []
            for _ in range(_TRIES):
                tab.goto(f"/{page}?lang=en")
                times.append(float(tab.evaluate(_PAINTED)))
            found[page] = median(times)
        browser.close()
    return found
