"""Playbooks: ready campaigns as YAML, checked when they are read."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from croniter import croniter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import PermanentError
from core.vocabulary import Channel, Purpose

_FOLDER = Path(__file__).parent / "playbooks"


class Playbook(BaseModel):
    """One campaign: whom it considers, under which rules, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    campaign_id: str = Field(pattern=r"^[a-z_]+$")
    name: str
    name_th: str
    purpose: Purpose
    segment: str
    templates: dict[str, str] = Field(description="step (or its prefix) → template")
    channels: list[Channel] = Field(min_length=1)
    roles: list[str] = Field(description="contact types in order of preference")
    cron: str
    time_zone: str = "Asia/Bangkok"
    priority: int = Field(ge=1, le=9, description="smaller goes first and wins conflicts")
    holdout_share: float = Field(ge=0, le=0.5)
    holdout_family: str
    most_in_seven_days: int = Field(ge=1, description="messages to one contact over all campaigns")
    most_data_age_hours: float = Field(
        gt=0, le=168, description="the oldest load of a source it decides on; beyond that everybody waits"
    )
    respects_crm_hold: bool
    needs_active_contract: bool = Field(default=True, description="whether only customers are written to")
    expires_after_hours: int = Field(ge=1)
    resend_in_doubt_after_hours: int | None = Field(
        default=None, ge=1, description="send again when the provider's silence proves that it never left; none: never"
    )

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str) -> str:
        if not croniter.is_valid(cron):
            raise ValueError(f"{cron!r} is no cron expression")
        return cron

    def occurrence(self, now: datetime) -> str:
        """Name the newest slot of the cron that is due: after downtime one is caught up, and none is done twice."""
        local = now.astimezone(ZoneInfo(self.time_zone)) + timedelta(seconds=1)
        slot: datetime = croniter(self.cron, local).get_prev(datetime)
        return slot.strftime("%Y-%m-%dT%H:%M")

    def template_for(self, step: str) -> str:
        """Return the template of a step; ``offline_24h_3@071509``, the third day of an outage, has its prefix's."""
        name = step.partition("@")[0]
        for prefix, template in self.templates.items():
            if name == prefix or name.startswith(f"{prefix}_"):
                return template
        raise PermanentError(f"playbook {self.campaign_id}: step {step!r} has no template")


@cache
def read_playbooks() -> tuple[Playbook, ...]:
    """Return every playbook, most urgent first. Raises PermanentError naming the file and the field."""
    return tuple(sorted(map(_read, sorted(_FOLDER.glob("*.yaml"))), key=lambda book: (book.priority, book.campaign_id)))


def read_playbook(campaign_id: str) -> Playbook:
    """Return one playbook. Raises PermanentError naming those there are."""
    for book in read_playbooks():
        if book.campaign_id == campaign_id:
            return book
    known = ", ".join(book.campaign_id for book in read_playbooks())
    raise PermanentError(f"there is no campaign {campaign_id!r}: there are {known}")


def _read(path: Path) -> Playbook:
    content: Any = yaml.safe_load(path.read_text())
    try:
        return Playbook.model_validate(content)
    except ValidationError as error:
        raise PermanentError(f"{path.name}: {error}") from error
