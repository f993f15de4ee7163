"""Playbooks: ready campaigns as YAML, checked when they are read. Campaigns that people make have the same shape."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from croniter import croniter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import PermanentError
from core.vocabulary import Channel, Conversion, EventType, Purpose

ONCE = "once"  # the occurrence of a campaign that does not come again
_LONGEST_WAIT = 8  # hours of a day in which we may write, the longest that a message waits for the best of them
_FOLDER = Path(__file__).parent / "playbooks"


class Words(BaseModel):
    """One template of a campaign that people made: what a playbook has in its file of templates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: list[str]
    whatsapp: list[str] = Field(default=[], description="parameters of the template approved by Meta, in order")
    en: dict[str, Any]
    th: dict[str, Any] | None = None


class Trigger(BaseModel):
    """What makes a member of the segment due, and from when its steps' days count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: Literal["entry", "event", "date"]
    event_type: EventType | None = Field(default=None, description="of an event of the person")
    field: Literal["start_date", "end_date", "issue_date", "due_date"] | None = Field(
        default=None, description="a date of the contract or invoice the segment is about"
    )
    catch_up_days: int = Field(default=3, ge=1, le=60, description="a step later than that is not sent any more")

    @model_validator(mode="after")
    def _says_which(self) -> "Trigger":
        if (self.on == "event") != (self.event_type is not None):
            raise ValueError("event_type belongs to a trigger on event")
        if (self.on == "date") != (self.field is not None):
            raise ValueError("field belongs to a trigger on date")
        return self


class Variant(BaseModel):
    """One arm of an experiment: its share of the companies, and where its words differ."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: str = Field(pattern=r"^[a-z]$")
    share: float = Field(gt=0, lt=1)
    templates: dict[str, str] = Field(default={}, description="step → template, in place of the campaign's")


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
    recipients: Literal["one", "all"] = Field(
        default="one",
        description="of a company: one person, by role, once about each thing; or everybody in the segment",
    )
    cron: str = Field(default="", description="empty: once, at ``at``")
    at: datetime | None = None
    trigger: Trigger | None = None
    steps: dict[str, int] = Field(default={}, description="step → days after (before: negative) what the trigger names")
    stop_when: list[Literal["replied", "paid", "renewed"]] = Field(default=[], description="opting out always stops")
    variants: list[Variant] = Field(default=[], description="none: one variant, a")
    messages: dict[str, Words] = Field(default={}, description="template → words; empty: the playbook's file")
    variables: str = Field(default="", pattern=r"^[a-z_]*$", description="file of variables; empty: the campaign's own")
    time_zone: str = "Asia/Bangkok"
    priority: int = Field(ge=1, le=9, description="smaller goes first and wins conflicts")
    holdout_share: float = Field(ge=0, le=0.5)
    holdout_family: str
    conversion: Conversion | None = Field(
        default=None, description="what success is (marts.conversion_goals); none given: that of what it is about"
    )
    conversion_days: int | None = Field(default=None, ge=1, le=365, description="within how many, if not the goal's")
    most_in_seven_days: int = Field(ge=1, description="messages to one contact over all campaigns")
    most_data_age_hours: float = Field(
        gt=0, le=168, description="the oldest load of a source it decides on; beyond that everybody waits"
    )
    respects_crm_hold: bool = Field(description="not while an urgent ticket of the company is open")
    held_while: list[Literal["unpaid", "negotiating"]] = Field(
        default=[], description="nor while it owes for 30 days, or a quote or contract of the last 14 days is out"
    )
    needs_active_contract: bool = Field(default=True, description="whether only customers are written to")
    send_time: Literal["at_once", "best_hour"] = Field(
        default="at_once", description="or at the hour at which each person reacts most (marts.send_time_scores)"
    )
    expires_after_hours: int = Field(ge=1)
    fallback_after_hours: int | None = Field(
        default=None,
        ge=1,
        description="by another channel after a refusal for good, or without a delivery for so long; none: never",
    )
    resend_in_doubt_after_hours: int | None = Field(
        default=None, ge=1, description="send again when the provider's silence proves that it never left; none: never"
    )

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str) -> str:
        if cron and not croniter.is_valid(cron):
            raise ValueError(f"{cron!r} is no cron expression")
        return cron

    @field_validator("at")
    @classmethod
    def _has_a_zone(cls, at: datetime | None) -> datetime | None:
        if at is not None and at.tzinfo is None:
            raise ValueError("needs its offset, e.g. 2026-04-01T10:00+07:00")
        return at

    @model_validator(mode="after")
    def _is_whole(self) -> "Playbook":
        if bool(self.cron) == (self.at is not None):
            raise ValueError("a campaign has either a cron (it comes again) or at (it comes once)")
        if (self.trigger is not None) != bool(self.steps) or (self.trigger and not self.cron):
            raise ValueError("a trigger needs steps, steps a trigger, and both a cron: how often to look")
        if self.send_time == "best_hour" and self.expires_after_hours < _LONGEST_WAIT:
            raise ValueError(f"the best hour may be {_LONGEST_WAIT} hours away: expires_after_hours must be as long")
        if self.variants and abs(sum(each.share for each in self.variants) - 1) > 1e-6:
            raise ValueError("the shares of the variants must sum to 1")
        if len({each.variant for each in self.variants}) != len(self.variants):
            raise ValueError("two variants have one name")
        for step in self.steps:
            self.template_for(step)
        return self

    def occurrence(self, now: datetime) -> str:
        """Name the newest slot of the cron that is due: after downtime one is caught up, and none is done twice."""
        if not self.cron:
            return ONCE
        return self.slot(now).strftime("%Y-%m-%dT%H:%M")

    def slot(self, now: datetime) -> datetime:
        """Return the newest slot that is due, in the campaign's time zone."""
        if self.at is not None:
            return self.at
        local = now.astimezone(ZoneInfo(self.time_zone)) + timedelta(seconds=1)
        slot: datetime = croniter(self.cron, local).get_prev(datetime)
        return slot

    def next_slot(self, now: datetime) -> datetime | None:
        """Return the first slot after ``now``; None when there is none."""
        if self.at is not None:
            return self.at if self.at > now else None
        found: datetime = croniter(self.cron, now.astimezone(ZoneInfo(self.time_zone))).get_next(datetime)
        return found

    def slots(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the slots after ``after`` and before ``until``: the cron is read once for all of them."""
        if self.at is not None:
            yield from [self.at] if after < self.at < until else []
            return
        times = croniter(self.cron, after.astimezone(ZoneInfo(self.time_zone)))
        while (slot := times.get_next(datetime)) < until:
            yield slot

    @property
    def arms(self) -> dict[str, int]:
        """Variants in order, with their share of 10,000 companies."""
        return {each.variant: round(each.share * 10_000) for each in self.variants} or {"a": 10_000}

    def template_for(self, step: str, variant: str = "a") -> str:
        """Return the template of a step; ``offline_24h_3@071509``, the third day of an outage, has its prefix's."""
        name = step.partition("@")[0]
        own = next((each.templates for each in self.variants if each.variant == variant), {})
        for prefix, template in (*own.items(), *self.templates.items()):
            if name == prefix or name.startswith(f"{prefix}_"):
                return template
        raise PermanentError(f"campaign {self.campaign_id}: step {step!r} has no template")


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
