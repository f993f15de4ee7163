"""What a report asks: metrics, by what, of which days and slices, how it is drawn, who sees it, when it goes out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import PermanentError
from core.vocabulary import Role
from warehouse.measure import Metric, read_metrics

Shape = Literal["bar", "line", "table"]
_MOST_OFTEN = timedelta(hours=1)
_MOST_ADDRESSES = 50
_FILTERED = ("channel", "campaign_id", "run_id", "variant", "currency", "outcome", "event_type", "segment_id")


class Schedule(BaseModel):
    """When a report goes out by email, to whom and in which language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: str
    time_zone: str = "Asia/Bangkok"
    to: tuple[str, ...] = Field(min_length=1, max_length=_MOST_ADDRESSES)
    language: Literal["en", "th"] = "en"
    begins_at: datetime | None = None  # when it was set: slots before it are not caught up

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str) -> str:
        if not croniter.is_valid(cron) or len(cron.split()) != 5:
            raise ValueError(f"{cron!r} is no cron expression of five parts: say e.g. 0 8 * * 1")
        times = croniter(cron, datetime(2026, 1, 1, tzinfo=UTC))
        slots = [times.get_next(datetime) for _ in range(50)]
        if any(later - earlier < _MOST_OFTEN for earlier, later in pairwise(slots)):
            raise ValueError(f"{cron!r} comes more often than every hour: say one minute of the hour")
        return cron

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is no time zone: say e.g. Asia/Bangkok")
        return zone

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.strip().lower() for each in to))

    def slot_before(self, now: datetime) -> datetime:
        """Return the newest slot that is not after ``now``, in UTC."""
        local = now.astimezone(ZoneInfo(self.time_zone)) + timedelta(microseconds=1)
        found: datetime = croniter(self.cron, local).get_prev(datetime)
        return found.astimezone(UTC)

    def slot_after(self, now: datetime) -> datetime:
        """Return the next slot, in UTC."""
        found: datetime = croniter(self.cron, now.astimezone(ZoneInfo(self.time_zone))).get_next(datetime)
        return found.astimezone(UTC)


class Report(BaseModel):
    """One question to the metric layer. ``days`` goes with the day it is asked on, ``since`` stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", max_length=120)
    metrics: tuple[str, ...] = Field(min_length=1)
    by: tuple[str, ...] = ()
    only: dict[str, str] = Field(default_factory=dict)
    days: int | None = Field(default=None, ge=1, le=3660)
    since: date | None = None
    shape: Shape = "bar"
    role: Role = Role.VIEWER
    schedule: Schedule | None = None

    @model_validator(mode="after")
    def _can_be_asked(self) -> "Report":
        known = read_metrics()
        if unknown := [name for name in self.metrics if name not in known]:
            raise ValueError(f"no metric is called {', '.join(unknown)}: there are {', '.join(known)}")
        metrics = [known[name] for name in self.metrics]
        grain = grain_of(metrics)
        if not grain:
            raise ValueError("these metrics have nothing in common to be shown by: choose fewer")
        if wrong := [each for each in (*self.by, *self.only) if each not in grain]:
            raise ValueError(f"these metrics are not known by {', '.join(wrong)}: say {', '.join(grain)}")
        if missing := [each for each in needed_by(metrics) if each not in {*self.by, *self.only}]:
            raise ValueError(f"these metrics do not add up over {', '.join(missing)}: show them by it")
        if self.days and self.since:
            raise ValueError("a report has either days or since")
        return self

    def first_day(self, today: date) -> date | None:
        """Return the first day that counts, None for all; ``today`` is the day at the installation."""
        if "metric_date" not in grain_of([read_metrics()[name] for name in self.metrics]):
            return None
        return today - timedelta(days=self.days - 1) if self.days else self.since


def read_report(content: Mapping[str, Any]) -> Report:
    """Read a report. Raises PermanentError that says what is wrong with it."""
    try:
        return Report.model_validate(dict(content))
    except ValidationError as error:
        raise PermanentError("; ".join(_said(each) for each in error.errors())) from error


def _said(fault: Any) -> str:
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else str(fault["msg"]).removeprefix("Value error, ")


def grain_of(metrics: Sequence[Metric]) -> tuple[str, ...]:
    """Return what all the metrics are known by; nothing when they cannot stand in one table."""
    if not all(metric.adds_up for metric in metrics) and len({metric.grain for metric in metrics}) > 1:
        return ()
    return tuple(each for each in metrics[0].known_by if all(each in metric.known_by for metric in metrics))


def needed_by(metrics: Sequence[Metric]) -> tuple[str, ...]:
    """Return the columns over which one of the metrics does not add up."""
    whole = [metric.grain for metric in metrics if not metric.adds_up]
    if whole:
        return whole[0]
    return ("currency",) if any(metric.unit == "amount" for metric in metrics) else ()


def filters_of(grain: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of a grain of which one value may be chosen."""
    return tuple(each for each in _FILTERED if each in grain)


def address_of(report: Report) -> dict[str, str]:
    """Return a report as the parameters of an address: whoever opens it sees the same choice."""
    chosen = {
        "metric": ",".join(report.metrics),
        "by": ",".join(report.by),
        "chart": report.shape,
        "days": str(report.days or ""),
        "since": report.since.isoformat() if report.since else "",
        **{f"only_{column}": value for column, value in report.only.items()},
    }
    return {key: value for key, value in chosen.items() if value}


def of_address(parameters: Mapping[str, str]) -> Report | None:
    """Return the report that an address chooses; None when it chooses none that can be asked."""
    if not parameters.get("metric"):
        return None
    content: dict[str, Any] = {
        "metrics": parameters["metric"].split(","),
        "by": [each for each in parameters.get("by", "").split(",") if each],
        "shape": parameters.get("chart", "bar"),
        "days": parameters.get("days") or None,
        "since": parameters.get("since") or None,
        "only": {key.removeprefix("only_"): value for key, value in parameters.items() if key.startswith("only_")},
    }
    try:
        return read_report(content)
    except PermanentError:
        return None
