"""The main job, end to end: a small world lives through three weeks, and a marketer looks at the results."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as NotThereError

from cli.result import agrees
from tests.journey.conftest import downloaded
from warehouse import publish

pytestmark = pytest.mark.timeout(900)  # a world lives through weeks: minutes on a busy machine


def test_nothing_is_doubled_or_lost_and_every_audience_sums(lived: tuple[Path, dict[str, Any]]) -> None:
    _, result = lived

    assert agrees(result), result
    assert result["duplicates"] == result["lost"] == result["in_doubt"] == 0


def test_messages_go_out_on_all_three_channels(lived: tuple[Path, dict[str, Any]]) -> None:
    _, result = lived

    assert set(result["by_channel"]) == {"email", "line", "whatsapp"}
    assert result["sent"] == sum(result["by_channel"].values())
    assert 0 < result["opened_human"] <= result["opened_raw"] <= result["sent"]


def test_decisions_of_every_run_sum_to_its_audience(lived: tuple[Path, dict[str, Any]]) -> None:
    data_dir, _ = lived
    version = publish.newest(data_dir / "serve")
    assert version is not None
    with publish.open_published(version.path) as connection:
        runs = connection.execute("""
            select run_id, sum(audience), (select count(*) from marts.decisions as d where d.run_id = r.run_id)
            from marts.campaign_results as r group by run_id
        """).fetchall()

    assert runs
    assert all(audience == decided for _, audience, decided in runs)


def test_nobody_without_consent_or_with_a_successor_was_written_to(lived: tuple[Path, dict[str, Any]]) -> None:
    data_dir, _ = lived
    version = publish.newest(data_dir / "serve")
    assert version is not None
    with publish.open_published(version.path) as connection:
        wrong = connection.execute("""
            select count(*) from marts.messages as m
            inner join marts.contracts as c on c.contract_id = m.subject_id
            where m.accepted_at > c.successor_created_at or not c.send_renewal_reminders
        """).fetchone()

    assert wrong == (0,)


def test_the_masked_copy_holds_no_contact_details(lived: tuple[Path, dict[str, Any]]) -> None:
    data_dir, _ = lived
    version = publish.newest(data_dir / "serve")
    assert version is not None
    with publish.open_published(version.masked_path) as masked, publish.open_published(version.path) as full:
        hidden = masked.execute("select email, mobile from marts.contacts where email is not null").fetchall()
        (real,) = full.execute("select list(email) from marts.contacts where email is not null").fetchone() or ([],)

    assert hidden
    assert not {email for email, _ in hidden} & set(real)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list; a page that is still drawing closes it again, so open it until the choice is made."""
    for _ in range(10):
        page.get_by_role("combobox", name=label).press("ArrowDown")
        try:
            page.get_by_role("option", name=option).click(timeout=1500)
        except NotThereError:
            continue
        return
    raise AssertionError(f"{label} does not offer {option}")


def test_a_marketer_changes_language_filters_and_exports(page: Page) -> None:
    page.goto("/campaigns?lang=en")
    page.get_by_role("heading", name="The people behind it").wait_for()
    page.get_by_text("ไทย", exact=True).click()
    page.get_by_role("heading", name="แคมเปญ", exact=True).wait_for()
    page.get_by_text("English", exact=True).click()
    page.get_by_role("heading", name="The people behind it").wait_for()
    choose(page, "Outcome", "Held out")
    page.get_by_text("so that we can tell what writing earns").wait_for()
    rows = downloaded(page, "csv-people").read_text("utf-8-sig").splitlines()
    assert rows[0].startswith("outcome,contact,company")
    assert len(rows) > 1
    assert all(row.startswith("holdout,") for row in rows[1:])


def test_the_published_copy_opens_in_plain_duckdb(lived: tuple[Path, dict[str, Any]]) -> None:
    version = publish.newest(lived[0] / "serve")
    assert version is not None
    with duckdb.connect(str(version.path), read_only=True) as connection:
        assert connection.execute("select count(*) > 0 from marts.contacts").fetchone() == (True,)
