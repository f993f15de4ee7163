"""Transactional send: one message to one person, asked for by a program of ours, decided like any other."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError

from campaigns import policy, transactional
from campaigns.transactional import Decision, Template, Wish
from core import traces
from core.errors import PermanentError, TransientError
from core.ids import derived_id, message_id
from core.metrics import meters
from core.store import ledger, transactional_sends
from core.store.engine import reading
from core.store.templates import save_template
from core.store.transactional_sends import Send
from core.vocabulary import Channel, Outcome, Role
from gateway.api.audited import note_change
from gateway.api.published import newest
from gateway.auth import Caller, needs
from gateway.problems import ProblemError
from senders.templates import MissingVariableError
from warehouse.publish import Version

router = APIRouter(prefix="/messages", tags=["Messages"])
Marketer = Annotated[Caller, Depends(needs(Role.MARKETER))]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        description="Yours for this one message: key and body repeated give the same answer, and one message.",
    ),
]
Value = Annotated[str, Field(max_length=2000)] | int | float | Annotated[list[str], Field(max_length=50)]
_DAY = ZoneInfo("Asia/Bangkok")
_TRIES = 5


class NewMessage(BaseModel):
    """Whom to write to, with which template, about what."""

    model_config = ConfigDict(extra="forbid")
    contact_id: str = Field(min_length=1, max_length=100)
    template_id: str = Field(min_length=1, max_length=100, description="One of `GET /api/v1/messages/templates`.")
    variables: dict[str, Value] = Field({}, max_length=50, description="The contact's and company's names are known.")
    channel: Channel | None = Field(None, description="Left out: the one the person prefers.")
    subject_type: Literal["contact", "contract", "invoice", "zone", "ticket", "opportunity"] = "contact"
    subject_id: str | None = Field(None, min_length=1, max_length=100, description="Left out: the contact.")


class Planned(BaseModel):
    """A message that will go out; `GET /api/v1/messages/{message_id}` follows it."""

    message_id: str
    outcome: Literal["send"]
    reason: str
    campaign_id: str
    run_id: str
    step: str
    contact_id: str
    channel: Channel
    decided_at: datetime


class Sendable(BaseModel):
    """A template of the API."""

    template_id: str
    name: str
    purpose: str = Field(description="The consent it needs.")
    channels: list[Channel]
    variables: list[str] = Field(description="What the caller must give.")


@dataclass(frozen=True)
class _Asked:
    """What is asked for, and the copy it is decided on."""

    wish: NewMessage
    template: Template
    version: Version
    send_id: str
    wish_hash: str

    @property
    def step(self) -> str:
        """The message's step, another one for every key."""
        return f"{self.template.template_id}@{self.send_id[:18]}"


@router.get("/templates")
def list_templates(_caller: Annotated[Caller, Depends(needs(Role.VIEWER))]) -> list[Sendable]:
    """List what may be sent by request."""
    return [
        Sendable(
            template_id=each.template_id,
            name=each.name,
            purpose=each.purpose,
            channels=each.channels,
            variables=[name for name in each.required if name not in transactional.GIVEN],
        )
        for each in transactional.read_templates().values()
    ]


@router.post("", status_code=202)
def send_message(wish: NewMessage, request: Request, caller: Marketer, key: Key) -> Planned:
    """Plan one message, unless the policy is against it: then 409 `not-sent` says why.

    Consent, suppressions and the template's state are asked; caps, conflicts, holdouts and quiet hours are not.
    """
    template = _template(wish)
    engine = request.app.state.engine
    send_id = derived_id("transactional", caller.actor, key)
    wish_hash = hashlib.sha256(wish.model_dump_json().encode()).hexdigest()
    with reading(engine) as connection:
        before = transactional_sends.find(connection, send_id)
    if before is not None and (before.wish_hash != wish_hash or before.outcome != Outcome.STALE_DATA):
        return _answer(before, wish_hash)
    asked = _Asked(wish, template, newest(request), send_id, wish_hash)
    decision = _decide(request, asked)
    for _ in range(_TRIES):
        try:
            with engine.begin() as connection:
                made = _write(connection, request, caller, asked, decision)
        except IntegrityError:
            continue  # another request made the template's campaign or version at this moment
        return _answer(made, wish_hash)
    raise TransientError("too many requests use this template for the first time: try again", retry_after=1)


def _template(wish: NewMessage) -> Template:
    known = transactional.read_templates()
    if (template := known.get(wish.template_id)) is None:
        raise ProblemError(422, "no-such-template", f"there are: {', '.join(known)}")
    if wish.channel is not None and wish.channel not in template.channels:
        raise ProblemError(422, "no-such-channel", f"{template.template_id} is for {', '.join(template.channels)}")
    if missing := template.missing(wish.variables):
        raise ProblemError(422, "missing-variables", f"give {', '.join(missing)}", missing=missing)
    return template


def _decide(request: Request, asked: _Asked) -> Decision:
    state, template, wish = request.app.state, asked.template, asked.wish
    about = Wish(
        contact_id=wish.contact_id,
        step=asked.step,
        variables=wish.variables,
        channels=[wish.channel] if wish.channel else template.channels,
        subject_type=wish.subject_type,
        subject_id=wish.subject_id,
    )
    try:
        with traces.span("decide", template_id=template.template_id) as found:
            decision = transactional.decide(
                asked.version, state.warehouse_key, state.engine, template, about, now=state.clock()
            )
            found["outcome"] = decision.outcome if decision else None
    except MissingVariableError as error:
        raise ProblemError(422, "missing-variables", str(error)) from error
    except PermanentError as error:
        raise ProblemError(422, "cannot-be-rendered", str(error)) from error
    if decision is None:
        raise ProblemError(404, "no-such-contact", "the published copy has no such contact, or not its company")
    return decision


def _write(connection: sa.Connection, request: Request, caller: Caller, asked: _Asked, decision: Decision) -> Send:
    """Write decision and message in one transaction; who came second with the same key gets the first one's."""
    wish, template, version = asked.wish, asked.template, asked.version
    now: datetime = request.app.state.clock()
    definition = {"campaign_id": template.template_id, **template.model_dump(mode="json")}
    run_id = derived_id("run", template.template_id, _day(now))
    is_sent = decision.outcome is Outcome.SEND
    key = message_id(template.template_id, run_id, wish.contact_id, asked.step) if is_sent else None
    row = {
        "send_id": asked.send_id,
        "wish_hash": asked.wish_hash,
        "caller": caller.actor,
        "campaign_id": template.template_id,
        "run_id": run_id,
        "step": asked.step,
        "contact_id": wish.contact_id,
        "company_id": decision.company_id,
        "subject_type": wish.subject_type,
        "subject_id": decision.subject_id,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "channel": decision.channel,
        "message_id": key,
        "snapshot_id": version.name,
    }
    if transactional_sends.record(connection, row, now):
        transactional_sends.count_in_run(
            connection,
            definition,
            day=_day(now),
            snapshot_id=version.name,
            policy=policy.policy_version(transactional.read_rules()),
            now=now,
        )
        meters().decisions.labels(template.template_id, str(decision.outcome)).inc()
        if is_sent:
            ledger.plan(connection, [_message(connection, row, template, decision, now)], now)
        detail = {"template_id": template.template_id, "contact_id": wish.contact_id, "outcome": decision.outcome}
        note_change(connection, request, caller, "send", key or asked.send_id, detail)
    found = transactional_sends.find(connection, asked.send_id)
    assert found is not None  # noqa: S101 -- by us or by who came first
    return found


def _message(
    connection: sa.Connection, row: dict[str, Any], template: Template, decision: Decision, now: datetime
) -> dict[str, Any]:
    versions = {
        each: save_template(
            connection, template_id=each[0], channel=each[1], language=each[2], content=content, now=now
        )
        for each, content in template.contents().items()
    }
    same = ("message_id", "campaign_id", "run_id", "step", "contact_id", "company_id", "subject_type", "subject_id")
    return {
        **{name: row[name] for name in same},
        "variant": "a",
        "channel": decision.channel,
        "purpose": str(template.purpose),
        "address": decision.address,
        "template_id": template.template_id,
        "template_version": versions[template.template_id, str(decision.channel), decision.language],
        "language": decision.language,
        "variables": decision.variables,
        "priority": template.priority,
        "not_before": None,
        "expires_at": now + timedelta(hours=template.expires_after_hours),
        "snapshot_id": row["snapshot_id"],
        "traceparent": traces.current_parent(),
    }


def _day(now: datetime) -> str:
    return now.astimezone(_DAY).date().isoformat()


def _answer(send: Send, wish_hash: str) -> Planned:
    """Say what was decided. Raises ProblemError for another wish under the same key, and where nothing is sent."""
    if send.wish_hash != wish_hash:
        raise ProblemError(422, "key-used", "this Idempotency-Key belongs to another message: take a new one")
    if send.outcome == Outcome.SEND:
        return Planned.model_validate(send._asdict())
    if send.outcome == Outcome.STALE_DATA:
        raise ProblemError(503, "stale-data", send.reason, headers={"Retry-After": "300"}, outcome=send.outcome)
    raise ProblemError(409, "not-sent", send.reason, outcome=send.outcome, decided_at=send.decided_at.isoformat())
