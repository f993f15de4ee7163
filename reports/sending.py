"""A report on its way by email: what is due, to whom it may go, once for each occasion, and what became of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from core.clock import utc_now
from core.errors import HouseError, PermanentError, TransientError
from core.ids import derived_id
from core.logs import get_logger
from core.settings import Settings
from core.store import campaigns, report_deliveries, reports
from core.store.engine import reading
from core.store.report_deliveries import FAILED, IN_DOUBT, SENT, WAITING, Occasion
from core.store.reports import Kept
from core.vocabulary import Channel, ErrorClass
from reports.answer import answer
from reports.definition import Report, read_report
from reports.files import xlsx_bytes
from reports.pdf import Making, pdf_bytes
from reports.recipients import Recipients
from reports.words import Words
from senders.contract import Accepted, Answer, NotSent, Rejected
from senders.email.letter import File, Letter
from senders.email.send import EmailSender
from senders.registry import open_senders
from warehouse import publish

PATIENCE = timedelta(hours=6)  # how long an occasion is tried; what was missed for longer is not caught up
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LATER = {ErrorClass.TRANSIENT, ErrorClass.THROTTLED, ErrorClass.RECIPIENT_THROTTLED}


class Mailer(Protocol):
    """What takes letters: the sender of emails."""

    async def post(self, letter: Letter) -> Answer:
        """Hand one letter over."""

    async def close(self) -> None:
        """Close the connections."""


def _mailer(settings: Settings) -> Mailer | None:
    found = open_senders(settings).get(Channel.EMAIL)
    return found if isinstance(found, EmailSender) else None


@dataclass(frozen=True)
class Office:
    """Sends the reports of one installation."""

    settings: Settings
    store: sa.Engine
    clock: Callable[[], datetime] = utc_now
    open_mailer: Callable[[Settings], Mailer | None] = field(default=_mailer)

    def due(self) -> list[tuple[Kept, datetime]]:
        """Return the reports of which an email is still to be sent, each with its occasion (UTC)."""
        now, found = self.clock(), []
        with reading(self.store) as connection:
            for kept in reports.list_all(connection):
                schedule = read_report(kept.content).schedule
                slot = schedule.slot_before(now) if schedule else None
                if schedule is None or slot is None or now - slot > PATIENCE:
                    continue
                if slot <= (schedule.begins_at or kept.saved_at):
                    continue
                states = report_deliveries.states(connection, kept.report_id, slot)
                if any(states.get(each, WAITING) == WAITING for each in schedule.to):
                    found.append((kept, slot))
        return found

    def send_due(self) -> dict[str, dict[str, str]]:
        """Send what is due; returns the state of each email by report and address."""
        with self.store.begin() as connection:
            report_deliveries.end_old(connection, self.clock(), PATIENCE)
        return {kept.report_id: self.send(kept, occasion) for kept, occasion in self.due()}

    def send_now(self, kept: Kept, to: Sequence[str] = (), language: str = "") -> dict[str, str]:
        """Send a report at once, an occasion of its own; returns the state of each email by address."""
        return self.send(kept, self.clock(), to=to, language=language)

    def send(self, kept: Kept, occasion: datetime, *, to: Sequence[str] = (), language: str = "") -> dict[str, str]:
        """Send one occasion to whom it has not gone yet; what cannot go now waits, what never can has failed."""
        report = read_report(kept.content)
        if not to and report.schedule is None:
            raise PermanentError(f"report {kept.report_id} is not scheduled: say to whom it is to go")
        addresses = tuple(each.lower() for each in to) or (report.schedule.to if report.schedule else ())
        language = language or (report.schedule.language if report.schedule else "en")
        free = self._free(kept, occasion, addresses, report)
        if free:
            try:
                files = self._files(report, Words(language))
                asyncio.run(self._post(kept, occasion, free, report, language, files))
            except HouseError as error:
                self._note(kept, occasion, free, WAITING, str(error))
        with reading(self.store) as connection:
            states = report_deliveries.states(connection, kept.report_id, occasion)
        return {address: states[address] for address in addresses if address in states}

    def _free(self, kept: Kept, occasion: datetime, addresses: Sequence[str], report: Report) -> list[str]:
        """Return who may get it now; notes why the others may not."""
        recipients, free = Recipients(self.settings, self.store), []
        with reading(self.store) as connection:
            states = report_deliveries.states(connection, kept.report_id, occasion)
            holds = campaigns.standing_holds(connection)
        held = holds.get("all") or holds.get(f"channel:{Channel.EMAIL}")
        for address in addresses:
            if states.get(address, WAITING) != WAITING:
                continue
            try:
                if held:
                    raise TransientError(f"held: {held}")
                recipients.refuse(address, report.role)
            except HouseError as error:
                state = WAITING if isinstance(error, TransientError) else FAILED
                self._note(kept, occasion, [address], state, str(error))
            else:
                free.append(address)
        return free

    def _files(self, report: Report, words: Words) -> tuple[File, ...]:
        """Answer the report on the copy without contact details, and write it down. Raises as ``open_newest``."""
        version, connection = publish.open_newest(
            self.settings.serve_dir, self.settings.warehouse_key.get_secret_value()
        )

        def ask(query: str, bound: Mapping[str, Any]) -> pl.DataFrame:
            found: pl.DataFrame = connection.execute(query, dict(bound) or None).pl()
            return found

        now = self.clock().astimezone(ZoneInfo(self.settings.time_zone))
        with connection:
            frame = answer(report, ask, now.date())
        making = Making(asked_at=now, published_at=version.published_at, zone=self.settings.time_zone)
        name = f"{file_name(report)}-{now:%Y-%m-%d}"
        return (
            File(name=f"{name}.pdf", kind="application/pdf", content=pdf_bytes(report, frame, words, making)),
            File(name=f"{name}.xlsx", kind=_XLSX, content=xlsx_bytes(frame)),
        )

    async def _post(
        self,
        kept: Kept,
        occasion: datetime,
        addresses: Sequence[str],
        report: Report,
        language: str,
        files: Sequence[File],
    ) -> None:
        mailer = self.open_mailer(self.settings)
        if mailer is None:
            raise TransientError("email is closed: set BMA_SMTP_HOST, BMA_SMTP_FROM and BMA_LINK_SECRET")
        words = Words(language)
        day = words.day(occasion.astimezone(ZoneInfo(self.settings.time_zone)).date())
        try:
            for address in addresses:
                key = Occasion(kept.report_id, occasion, address)
                with self.store.begin() as connection:
                    if not report_deliveries.claim(connection, key, kept.version, self.clock()):
                        continue
                letter = Letter(
                    letter_id=derived_id("report", kept.report_id, occasion.isoformat(), address),
                    address=address,
                    language=language,
                    subject=words.say("report_subject", name=report.name, day=day),
                    text=words.say("report_letter", name=report.name, day=day),
                    files=files,
                )
                state, reason = _read(await mailer.post(letter))
                self._note(kept, occasion, [address], state, reason)
        finally:
            await mailer.close()

    def _note(self, kept: Kept, occasion: datetime, addresses: Sequence[str], state: str, reason: str | None) -> None:
        with self.store.begin() as connection:
            for address in addresses:
                key = Occasion(kept.report_id, occasion, address)
                report_deliveries.note(connection, key, kept.version, state, reason, self.clock())
        if state != SENT:
            get_logger().warning("report_not_sent", report=kept.report_id, state=state)


def _read(said: Answer) -> tuple[str, str | None]:
    if isinstance(said, Accepted):
        return SENT, None
    if isinstance(said, NotSent):
        return WAITING, said.reason
    if isinstance(said, Rejected):
        return (WAITING if said.error_class in _LATER else FAILED), f"{said.error_code} {said.reason}"
    return IN_DOUBT, f"{said.reason}: it may have arrived, so it was not sent again"


def file_name(report: Report) -> str:
    """Return a report's name as a file may have it on every system."""
    kept = "".join(
        each if each.isalnum() or each in "-_" or "\u0e00" <= each <= "\u0e7f" else "-" for each in report.name
    )
    return kept.strip("-")[:60] or "report"
