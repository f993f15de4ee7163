"""Saving a report: who may, under which id, and from when its schedule counts."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import PermanentError
from core.ids import random_id
from core.store import reports
from core.store.reports import Kept
from core.vocabulary import Role
from reports.definition import Report, read_report

MAY_SAVE, MAY_SCHEDULE = Role.ANALYST, Role.MARKETER


def save(
    connection: sa.Connection, report: Report, *, report_id: str = "", actor: str, role: Role, now: datetime
) -> str:
    """Keep a report as a new version, or as a new one without ``report_id``; returns its id.

    Raises PermanentError where the role is not enough, the report is somebody else's or has no name.
    """
    if not report.name.strip():
        raise PermanentError("give the report a name")
    before = reports.find(connection, report_id) if report_id else None
    _refuse(before, actor, role, MAY_SAVE)
    earlier = read_report(before.content).schedule if before else None
    schedule = report.schedule
    if (
        schedule is not None
        and earlier is not None
        and schedule.model_copy(update={"begins_at": earlier.begins_at}) == earlier
    ):
        schedule = earlier
    elif schedule != earlier:
        if not role.may(MAY_SCHEDULE):
            raise PermanentError(f"only {MAY_SCHEDULE} and above decide who gets a report by email")
        schedule = schedule.model_copy(update={"begins_at": now}) if schedule else None
    kept_id = report_id or _new_id(report.name)
    content = report.model_copy(update={"schedule": schedule}).model_dump(mode="json", exclude_none=True)
    reports.save(connection, kept_id, content, actor=actor, now=now)
    return kept_id


def archive(connection: sa.Connection, kept: Kept, *, actor: str, role: Role, now: datetime) -> None:
    """Put a report away. Raises PermanentError where that is for somebody else to do."""
    _refuse(kept, actor, role, MAY_SAVE)
    reports.archive(connection, kept.report_id, actor=actor, now=now)


def visible(kept: list[Kept], role: Role) -> Mapping[str, tuple[Kept, Report]]:
    """Return the reports that a role may see, by their id."""
    read = {each.report_id: (each, read_report(each.content)) for each in kept}
    return {key: found for key, found in read.items() if role.may(found[1].role)}


def may_change(kept: Kept, actor: str, role: Role) -> bool:
    """Say whether somebody may change a report: its owner and administrators may."""
    return role.may(MAY_SAVE) and (kept.owner == actor or role.may(Role.ADMIN))


def _refuse(before: Any, actor: str, role: Role, needed: Role) -> None:
    if not role.may(needed):
        raise PermanentError(f"only {needed} and above keep reports")
    if before is not None and not may_change(before, actor, role):
        raise PermanentError(f"this report is {before.owner}'s: save it under a name of your own")


def _new_id(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return f"{re.sub(r'[^a-z0-9]+', '-', plain).strip('-')[:40] or 'report'}-{random_id()[:6]}"
