"""A report goes by email to the staff, once for each occasion, whatever happens; what did not go says why."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from core.errors import PermanentError
from core.settings import Settings
from core.store import campaigns, report_deliveries, reports
from core.store.engine import reading
from core.store.report_deliveries import Occasion
from core.vocabulary import Role
from reports.definition import Report, Schedule
from reports.keeping import save
from reports.sending import PATIENCE, Office
from tests.reports.conftest import ALLOWED, COUNTED, Mailbox

MONDAY = "30 9 * * 1"  # half an hour before ``now``, in Bangkok
REPORT = Report(name="ตามช่องทาง", metrics=("sent", "delivery_rate"), by=("channel",), days=90)


@pytest.fixture
def office(settings: Settings, store: sa.Engine, now: datetime, published: None) -> Office:
    return Office(settings, store, lambda: now)


@pytest.fixture
def scheduled(store: sa.Engine, now: datetime) -> Callable[..., str]:
    def keep(*to: str, role: Role = Role.VIEWER, since: timedelta = timedelta(days=1), language: str = "th") -> str:
        schedule = Schedule(cron=MONDAY, to=to, language=language)
        report = REPORT.model_copy(update={"schedule": schedule, "role": role})
        with store.begin() as connection:
            return save(connection, report, actor="user:nok", role=Role.MARKETER, now=now - since)

    return keep


def test_a_report_that_is_due_goes_out_once_with_its_files(
    office: Office, scheduled: Callable[..., str], mailbox: Mailbox
) -> None:
    report_id = scheduled(ALLOWED, "sales1@crm.example")

    assert office.send_due() == {report_id: {ALLOWED: "sent", "sales1@crm.example": "sent"}}
    assert office.send_due() == {}
    assert mailbox.to() == [ALLOWED, "sales1@crm.example"]
    letter = mailbox.letters[0]
    paper, book = letter.iter_attachments()
    assert letter["Subject"] == "ตามช่องทาง · 02/03/2569"
    assert paper.get_content().startswith(b"%PDF-")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.get_content())).get_sheet_by_index(0)
    assert {channel: sent for channel, sent, _ in sheet.to_python()[1:]} == COUNTED
    assert not letter["List-Unsubscribe"]


def test_a_schedule_is_not_caught_up_from_before_it_was_set_nor_after_hours(
    office: Office, scheduled: Callable[..., str], now: datetime
) -> None:
    scheduled(ALLOWED, since=timedelta(minutes=10))

    assert office.due() == []
    later = Office(office.settings, office.store, lambda: now + PATIENCE)
    assert later.due() == []


def test_a_change_of_the_report_does_not_lose_the_occasion(
    office: Office, scheduled: Callable[..., str], store: sa.Engine, now: datetime
) -> None:
    report_id = scheduled(ALLOWED)
    schedule = Schedule(cron=MONDAY, to=(ALLOWED,), language="th")
    changed = REPORT.model_copy(update={"schedule": schedule, "shape": "line"})
    with store.begin() as connection:
        save(connection, changed, report_id=report_id, actor="user:nok", role=Role.ANALYST, now=now)

    assert [(kept.report_id, kept.version) for kept, _ in office.due()] == [(report_id, 2)]


def test_who_is_refused_for_now_gets_it_at_the_next_look_and_nobody_else_twice(
    office: Office, scheduled: Callable[..., str], mailbox: Mailbox
) -> None:
    scheduled(ALLOWED, "sales1@crm.example")
    mailbox.refuses[ALLOWED] = ["451 4.3.2 later"]

    (first,) = office.send_due().values()
    (second,) = office.send_due().values()

    assert first == {ALLOWED: "waiting", "sales1@crm.example": "sent"}
    assert second == {ALLOWED: "sent", "sales1@crm.example": "sent"}
    assert mailbox.to() == [ALLOWED, "sales1@crm.example"]


def test_what_is_refused_for_good_has_failed_and_says_why(
    office: Office, scheduled: Callable[..., str], mailbox: Mailbox, store: sa.Engine
) -> None:
    report_id = scheduled(ALLOWED)
    mailbox.refuses[ALLOWED] = ["550 5.1.1 nobody here"]

    assert office.send_due() == {report_id: {ALLOWED: "failed"}}
    assert office.send_due() == {}
    with reading(store) as connection:
        (row,) = report_deliveries.latest(connection, only=report_deliveries.UNSENT)
    assert "5.1.1" in row["reason"]


@pytest.mark.parametrize(
    ("address", "needed", "why"),
    [
        ("guest@hotel.example", Role.VIEWER, "nobody of the staff"),
        ("tech1@crm.example", Role.ANALYST, "has the role viewer"),
    ],
)
def test_only_staff_whose_role_is_enough_gets_a_report(
    office: Office,
    scheduled: Callable[..., str],
    mailbox: Mailbox,
    store: sa.Engine,
    address: str,
    needed: Role,
    why: str,
) -> None:
    report_id = scheduled(address, "finance1@crm.example", role=needed)

    assert office.send_due() == {report_id: {address: "failed", "finance1@crm.example": "sent"}}
    assert mailbox.to() == ["finance1@crm.example"]
    with reading(store) as connection:
        assert why in report_deliveries.latest(connection, only=["failed"])[0]["reason"]


def test_a_claim_is_never_sent_again_by_somebody_else(
    office: Office, scheduled: Callable[..., str], mailbox: Mailbox, store: sa.Engine, now: datetime
) -> None:
    report_id = scheduled(ALLOWED)
    ((_, occasion),) = office.due()
    key = Occasion(report_id, occasion, ALLOWED)
    with store.begin() as connection:
        assert report_deliveries.claim(connection, key, 1, now)
    with store.begin() as connection:
        assert not report_deliveries.claim(connection, key, 1, now)

    assert office.send_due() == {}
    dead = Office(office.settings, store, lambda: now + timedelta(minutes=16))
    assert dead.send_due() == {}
    with reading(store) as connection:
        assert report_deliveries.states(connection, report_id, occasion) == {ALLOWED: "in_doubt"}
    assert mailbox.letters == []


def test_a_hold_makes_reports_wait(
    office: Office, scheduled: Callable[..., str], mailbox: Mailbox, store: sa.Engine, now: datetime
) -> None:
    report_id = scheduled(ALLOWED)
    with store.begin() as connection:
        campaigns.set_hold(connection, "all", "stop", "ops", now)

    assert office.send_due() == {report_id: {ALLOWED: "waiting"}}
    with store.begin() as connection:
        campaigns.lift_hold(connection, "all")
    assert office.send_due() == {report_id: {ALLOWED: "sent"}}
    assert len(mailbox.letters) == 1


def test_what_waits_too_long_has_failed_with_its_reason(
    settings: Settings, store: sa.Engine, scheduled: Callable[..., str], now: datetime
) -> None:
    report_id = scheduled(ALLOWED)  # nothing is published

    assert Office(settings, store, lambda: now).send_due() == {report_id: {ALLOWED: "waiting"}}
    assert Office(settings, store, lambda: now + PATIENCE).send_due() == {}
    with reading(store) as connection:
        (row,) = report_deliveries.latest(connection)
    assert row["state"] == "failed" and "nothing is published" in row["reason"]


def test_sent_by_hand_is_an_occasion_of_its_own(
    office: Office, scheduled: Callable[..., str], mailbox: Mailbox, store: sa.Engine
) -> None:
    report_id = scheduled(ALLOWED)
    office.send_due()
    with reading(store) as connection:
        kept = reports.find(connection, report_id)
    assert kept is not None

    assert office.send_now(kept, ["tech1@crm.example"], "en") == {"tech1@crm.example": "sent"}
    assert mailbox.to() == [ALLOWED, "tech1@crm.example"]


@pytest.mark.parametrize(
    ("role", "actor", "why"),
    [
        (Role.VIEWER, "user:nok", "analyst and above"),
        (Role.ANALYST, "user:nok", "marketer and above decide"),
        (Role.MARKETER, "user:ben", "is user:nok's"),
    ],
)
def test_who_may_not_change_a_report_is_told_why(
    scheduled: Callable[..., str], store: sa.Engine, now: datetime, role: Role, actor: str, why: str
) -> None:
    report_id = scheduled(ALLOWED)

    with pytest.raises(PermanentError, match=why), store.begin() as connection:
        save(connection, REPORT, report_id=report_id, actor=actor, role=role, now=now)
