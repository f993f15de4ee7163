"""From what a marketer filled in to a campaign's definition, and what is wrong with it, field by field."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from campaigns.segments import Segment
from dashboard.parts.form import Wrong

ROLES = ("Primary", "Decision Maker", "Billing", "Technical", "Other")
KNOWN = ("contact_name", "company_name", "country", "city", "zone_count")
VARIANTS = "abcd"
_USED = re.compile(r"{{\s*(\w+)")
_WEB = re.compile(r"https?://[^\s/]+\.[^\s]+")
_MOST_WORDS = 1024  # of a WhatsApp template, the shortest of the channels
_TRIGGERED = {"entry": "entered", "event": "after_event", "date": "around_date"}  # the step's name
_LANGUAGES = ("en", "th")


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What the form holds.

    ``words`` are by variant, then language; ``when`` is once, again, or what triggers it: entry, event, date.
    """

    name: str
    name_th: str
    segment: Segment | None
    purpose: str
    channels: list[str]
    when: str
    day: date
    hour: time
    cron: str
    time_zone: str
    words: Mapping[str, Mapping[str, Mapping[str, Any]]]
    shares: Mapping[str, int]
    conversion: str
    event_type: str = ""
    date_field: str = ""
    after_days: int = 0
    stop_when: list[str] = field(default_factory=list)
    holdout: int = 10
    fallback_hours: int = 0
    at_best_hour: bool = False
    most_in_seven_days: int = 3
    needs_active_contract: bool = False
    respects_crm_hold: bool = True
    writes_to_everybody: bool = False

    @property
    def campaign_id(self) -> str:
        """The id, made of the English name."""
        return re.sub(r"[^a-z]+", "_", self.name.lower()).strip("_")


def problems(filled: Filled, now: datetime) -> dict[str, Wrong]:
    """Return what is wrong, by field: nobody has to read a definition's fields to mend a form."""
    return dict(_problems(filled, now))


def _problems(filled: Filled, now: datetime) -> Iterator[tuple[str, Wrong]]:
    if not filled.campaign_id:
        yield "name", Wrong("form_name", {})
    if not filled.name_th.strip():
        yield "name_th", Wrong("form_needed", {})
    if filled.segment is None:
        yield "segment", Wrong("form_segment", {})
    if not filled.channels:
        yield "channels", Wrong("form_channels", {})
    elif filled.fallback_hours and len(filled.channels) < 2:
        yield "fallback", Wrong("form_fallback", {})
    yield from _wrong_time(filled, now)
    if len(filled.words) > 1 and sum(filled.shares.values()) != 100:
        yield "shares", Wrong("form_shares", {"n": sum(filled.shares.values())})
    for variant, languages in filled.words.items():
        for language, words in languages.items():
            yield from _wrong_words(f"{variant}_{language}", words)


def _wrong_time(filled: Filled, now: datetime) -> Iterator[tuple[str, Wrong]]:
    if filled.when == "once" and _at(filled) <= now:
        yield "day", Wrong("form_past", {})
    if filled.when != "once" and not croniter.is_valid(filled.cron):
        yield "cron", Wrong("form_cron", {})


def _wrong_words(place: str, words: Mapping[str, Any]) -> Iterator[tuple[str, Wrong]]:
    for name in ("subject", "text"):
        text = str(words[name])
        if not text.strip():
            yield f"{name}_{place}", Wrong("form_needed", {})
        elif text.count("{{") != text.count("}}") or "{%" in text:
            yield f"{name}_{place}", Wrong("form_broken", {})
        elif unknown := sorted(set(_USED.findall(text)) - set(KNOWN)):
            yield f"{name}_{place}", Wrong("form_blank", {"names": ", ".join(unknown), "known": ", ".join(KNOWN)})
        elif len(text) > _MOST_WORDS:
            yield f"{name}_{place}", Wrong("form_long", {"n": len(text), "most": _MOST_WORDS})
    if not words["button"]["label"].strip():
        yield f"label_{place}", Wrong("form_needed", {})
    if not _WEB.fullmatch(words["button"]["url"].strip()):
        yield f"url_{place}", Wrong("form_url", {})


def definition(filled: Filled) -> dict[str, Any]:
    """Return the campaign as ``campaigns/definitions`` reads it."""
    first = f"{filled.campaign_id}_message"
    step = "message" if filled.segment is None or filled.segment.rules is None else filled.segment.rules.step
    step = _TRIGGERED.get(filled.when, step)
    names = {each: first if each == "a" else f"{first}_{each}" for each in filled.words}
    content: dict[str, Any] = {
        "campaign_id": filled.campaign_id,
        "name": filled.name.strip(),
        "name_th": filled.name_th.strip(),
        "purpose": filled.purpose,
        "segment": "" if filled.segment is None else filled.segment.segment_id,
        "templates": {step: first},
        "messages": {names[each]: _message(words) for each, words in filled.words.items()},
        "variables": "contact",
        "channels": filled.channels,
        "roles": list(ROLES),
        "recipients": "all" if filled.writes_to_everybody else "one",
        "conversion": filled.conversion,
        "priority": 5,
        "holdout_share": filled.holdout / 100,
        "holdout_family": filled.campaign_id,
        "most_in_seven_days": filled.most_in_seven_days,
        "most_data_age_hours": 26,
        "respects_crm_hold": filled.respects_crm_hold,
        "needs_active_contract": filled.needs_active_contract,
        "expires_after_hours": 24,
        "time_zone": filled.time_zone,
        **_when(filled, step),
    }
    if len(filled.words) > 1:
        content["variants"] = [
            {
                "variant": each,
                "share": filled.shares[each] / 100,
                "templates": {} if each == "a" else {step: names[each]},
            }
            for each in filled.words
        ]
    if filled.fallback_hours:
        content["fallback_after_hours"] = filled.fallback_hours
    if filled.at_best_hour:
        content["send_time"] = "best_hour"
    return content


def _when(filled: Filled, step: str) -> dict[str, Any]:
    if filled.when == "once":
        return {"at": _at(filled).isoformat()}
    if filled.when == "again":
        return {"cron": filled.cron}
    return {
        "cron": filled.cron,
        "trigger": _trigger(filled),
        "steps": {step: filled.after_days},
        "stop_when": filled.stop_when,
    }


def _trigger(filled: Filled) -> dict[str, Any]:
    asked = {"event": {"event_type": filled.event_type}, "date": {"field": filled.date_field}}
    return {"on": filled.when, **asked.get(filled.when, {})}


def _at(filled: Filled) -> datetime:
    return datetime.combine(filled.day, filled.hour, ZoneInfo(filled.time_zone))


def _message(words: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    text = " ".join(f"{each['subject']} {each['text']}" for each in words.values())
    used = sorted(set(_USED.findall(text)))
    return {"required": used, "whatsapp": used, **{each: dict(words[each]) for each in _LANGUAGES}}
