"""The twelve playbooks work out of the box: on the demo's customers each finds someone, and does so once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import templates
from campaigns.backtest import backtest
from campaigns.explain import explain
from campaigns.lifecycle import RunReport
from campaigns.playbooks import Playbook, read_playbook, read_playbooks
from campaigns.segments import Library, find_members, open_library
from cli.quiet_world import QuietWorld, quiet_world
from core.store.tables import messages
from core.vocabulary import Channel
from senders.templates import Template, preview
from tests.campaigns.conftest import Town
from tests.campaigns.occasions import OCCASIONS

pytestmark = pytest.mark.timeout(900)  # a world is loaded and built three times: minutes on a busy machine

TWELVE = {
    *("renewal", "renewal_multi_year", "payment_overdue", "quarterly_checkin", "zone_offline", "seasonal"),
    *("quote_follow_up", "contract_follow_up", "onboarding", "win_back", "ticket_feedback", "stale_deal"),
}
FRIDAY = datetime(2026, 10, 30, 4, 30, tzinfo=UTC)  # 11:30 in Bangkok, between two holidays' dates
each_playbook = pytest.mark.parametrize("campaign_id", sorted(TWELVE))


@dataclass
class Lived:
    """One day of the demo's customers: decided late in the morning, again at once, and in the afternoon."""

    world: QuietWorld
    morning: dict[str, RunReport]
    members: dict[str, int]
    again: dict[str, RunReport]
    afternoon: dict[str, RunReport]
    library: Library

    def query(self, sql: str, *parameters: Any) -> list[Any]:
        with self.world.steps.warehouse() as connection:
            return connection.execute(sql, parameters).fetchall()

    def planned(self, book: Playbook) -> list[Any]:
        query = sa.select(messages).where(messages.c.campaign_id == book.campaign_id).order_by(messages.c.message_id)
        with self.world.steps.store.connect() as store:
            return list(store.execute(query))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    where = tmp_path_factory.mktemp("playbooks")
    with quiet_world(where, companies=120, seed=7, first=FRIDAY, last=FRIDAY) as world:
        world.move_to(FRIDAY)
        morning, library = world.decide(), open_library(world.steps.store)
        members = {}
        with world.steps.warehouse() as connection:
            for book in read_playbooks():
                find_members(connection, library.get(book.segment), FRIDAY, library)
                (members[book.campaign_id],) = connection.execute("select count(*) from members").fetchone()
        again = world.decide()
        world.move_to(FRIDAY + timedelta(hours=4))
        yield Lived(world, morning, members, again, world.decide(), library)


def test_there_are_the_twelve_and_no_two_share_a_template() -> None:
    books = read_playbooks()
    used = Counter(template for book in books for template in set(book.templates.values()))

    assert {book.campaign_id for book in books} == TWELVE
    assert set(used.values()) == {1}
    for book in books:
        assert {key[0] for key in templates.contents(book)} == set(book.templates.values())


@each_playbook
def test_everybody_in_the_segment_has_one_outcome_and_somebody_is_written_to(lived: Lived, campaign_id: str) -> None:
    report = lived.morning[campaign_id]

    assert sum(report.outcomes.values()) == report.audience == lived.members[campaign_id]
    assert report.planned == report.outcomes["send"] > 0


@each_playbook
def test_a_second_run_on_the_same_day_writes_to_nobody_again(lived: Lived, campaign_id: str) -> None:
    decided = "select count(*) from raw.campaigns__decisions where campaign_id = ? and outcome = 'send'"
    twice = f"{decided} group by company_id having count(*) > 1"

    assert lived.again[campaign_id].run_id == lived.morning[campaign_id].run_id
    assert lived.again[campaign_id].planned == 0
    assert lived.afternoon[campaign_id].run_id != lived.morning[campaign_id].run_id
    assert lived.query(twice, campaign_id) == []
    assert lived.query(decided, campaign_id) == [(len(lived.planned(read_playbook(campaign_id))),)]


@each_playbook
def test_it_says_of_anybody_why_they_are_in_or_not(lived: Lived, campaign_id: str) -> None:
    segment = lived.library.get(read_playbook(campaign_id).segment)
    now = lived.world.clock()
    with lived.world.steps.warehouse() as connection:
        find_members(connection, segment, now, lived.library)
        inside = connection.execute("select min(contact_id) from members").fetchone()[0]
        outside = connection.execute("select min(contact_id) from marts.contacts anti join members using (contact_id)")
        others = outside.fetchone()[0]
        told, refused = (explain(connection, segment, contact, lived.library, now=now) for contact in (inside, others))

    assert told["is_in"] and told["summary"].startswith("in: ") and told["memberships"]
    assert not refused["is_in"] and refused["summary"].startswith("not in")


@each_playbook
def test_its_backtest_replays_the_day_and_changes_nothing(lived: Lived, campaign_id: str) -> None:
    book = read_playbook(campaign_id)
    before = lived.query("select count(*) from raw.campaigns__decisions")
    with lived.world.steps.warehouse() as connection:
        told = backtest(
            connection, lived.library.get(book.segment), lived.library, now=lived.world.clock(), days=1, playbook=book
        )

    assert told.outcomes["send"] > 0
    assert sum(told.outcomes.values()) == sum(sum(day.outcomes.values()) for day in told.days)
    assert max(day.members for day in told.days) > 0
    assert lived.query("select count(*) from raw.campaigns__decisions") == before


@each_playbook
def test_every_message_reads_well_in_both_languages_without_a_blank(lived: Lived, campaign_id: str) -> None:
    book = read_playbook(campaign_id)
    contents = templates.contents(book)
    written = lived.planned(book)

    assert written
    for message in written:
        for language in templates.LANGUAGES:
            content = contents[message.template_id, message.channel, language]
            words = Template(content, Channel(message.channel)).render(message.variables)
            text = preview(content, message.variables)
            assert not {"None", "{{", "  ", " ,", " ."} & {
                sign for sign in ("None", "{{", "  ", " ,", " .") if sign in text
            }
            assert all(each.strip() for each in words.parameters)
            assert message.variables["contact_name"] in text


def members_of(town: Town, segment_id: str, moment: datetime) -> set[tuple[str, str]]:
    """Return company and step of the members as of a moment, by the models as they stand."""
    library = open_library(town.store)
    find_members(town.connection, library.get(segment_id), moment, library)
    return set(town.connection.execute("select company_id, step from members").fetchall())


def test_each_holiday_is_written_about_from_its_day_on_where_it_is_kept_and_with_catch_up(town: Town) -> None:
    countries = ("Thailand", "UAE", "Singapore", "India", "Viet Nam", "Japan", "Germany")
    companies = {country: town.company(country=country) for country in countries}
    for company in companies.values():
        town.contact(company)
    shy = town.company(seasonal_emails_enabled=False)
    town.contact(shy)
    town.settle()
    kept = {
        ("christmas_2026", "2026-10-15"): set(countries),
        ("valentine_2027", "2027-01-31"): set(countries),
        ("songkran_2026", "2026-03-29"): {"Thailand"},
        ("singapore_national_day_2026", "2026-07-26"): {"Singapore"},
        ("chinese_new_year_2027", "2027-01-23"): {"Thailand", "Singapore", "Viet Nam", "Japan"},
        ("loy_krathong_2026", "2026-11-10"): {"Thailand"},
        ("ramadan_1448", "2027-01-25"): {"UAE"},
        ("diwali_2026", "2026-10-25"): {"Singapore", "India"},
        ("mid_autumn_2026", "2026-09-11"): {"Singapore", "Viet Nam"},
        ("eid_al_fitr_1447", "2026-03-06"): {"UAE", "Singapore"},
    }
    for (step, day), where in kept.items():
        first = datetime.fromisoformat(f"{day}T03:00+00:00")
        expected = {(companies[country], step) for country in where}
        for late, found in ((-1, set()), (0, expected), (3, expected), (11, expected), (60, set())):
            members = members_of(town, "seasonal", first + timedelta(days=late))
            assert {member for member in members if member[1] == step} == found, (step, late)


def test_a_quarter_is_asked_about_once_and_two_weeks_of_downtime_lose_nobody(town: Town) -> None:
    company = town.company()  # its contract began 64 days ago
    town.contact(company)
    town.settle()
    steps = {
        days: members_of(town, "quarterly_checkin_due", town.now + timedelta(days=days - 64)) for days in range(64, 300)
    }

    assert {days for days, found in steps.items() if found} == {*range(90, 104), *range(180, 194), *range(270, 284)}
    assert [steps[days] for days in (90, 103, 180, 270)] == [
        {(company, f"quarterly_{quarter}")} for quarter in (1, 1, 2, 3)
    ]


def test_a_quote_is_asked_of_whom_it_was_made_for_while_the_person_may_be_written_to(town: Town) -> None:
    company = town.company()
    other = town.contact(company)
    asked = town.contact(company, contact_type="Other", is_primary=False)
    town.quote(company, sent=4, contact=asked)
    first = town.run("quote_follow_up")
    assert town.outcomes(first.run_id) == {asked: "send"}
    town.change("contacts", asked, receives_quote_emails=False)
    town.now += timedelta(days=3)

    assert town.outcomes(town.run("quote_follow_up").run_id)[other] == "send"


def test_a_company_is_not_written_to_about_two_things_within_six_hours(town: Town) -> None:
    company = town.company()
    town.contact(company)
    town.invoice(company, late=8), town.invoice(company, late=9)
    assert town.run("payment_overdue").planned == 1
    town.now += timedelta(hours=4)
    afternoon = town.run("payment_overdue")
    town.now += timedelta(hours=44)  # the day between is a holiday

    assert afternoon.outcomes == {"account_limit": 2}
    assert town.run("payment_overdue").planned == 1


@pytest.mark.parametrize(
    ("campaign_id", "table", "change", "reason"),
    [
        ("quote_follow_up", "quotes", {"status": "Accepted"}, "answered"),
        ("contract_follow_up", "contracts", {"status": "Active"}, "signed"),
        ("ticket_feedback", "tickets", {"status": "in_progress"}, "open again"),
        ("stale_deal", "opportunities", {"stage": "Won"}, "decided"),
    ],
)
def test_what_is_settled_between_plan_and_send_is_not_asked_about(
    town: Town, campaign_id: str, table: str, change: dict[str, Any], reason: str
) -> None:
    company = town.company()
    town.contact(company)
    OCCASIONS[campaign_id](town, company)
    assert town.run(campaign_id).planned == 1
    town.change(table, f"{table}-{town.counted[table]:04}", **change)

    assert town.cancel() == 1
    (message,) = town.planned()
    assert message.status == "cancelled" and reason in message.reason


def test_the_page_about_the_playbooks_has_all_of_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text()

    for book in read_playbooks():
        assert f"## {book.name}" in page and f"`{book.campaign_id}`" in page, book.campaign_id
