"""What somebody of ours answers in a conversation: one message of the ledger for one draft, however often it is sent.

Ledger and worker are those of campaigns, so the last look at opt-outs and the kill switch is the same. No policy:
the person wrote to us and waits. What forbids an answer is said before it is planned.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.duck import attaching, open_file
from core.errors import PermanentError, TransientError
from core.ids import derived_id, message_id
from core.store import audit, conversations, ledger, suppressions, transactional_sends
from core.store.conversations import REPLY, Conversation
from core.store.templates import save_template
from core.vocabulary import Channel, Outcome, Purpose
from senders.templates import LONGEST_ANSWER, utf16_units
from warehouse import publish

PURPOSE = Purpose.SERVICE_ALERT  # an answer is service: only who wants none at all, or no service, is not answered
CHANNELS = (Channel.WHATSAPP, Channel.LINE, Channel.EMAIL)
_DEFINITION = {"campaign_id": REPLY, "name": "Answers in conversations", "purpose": str(PURPOSE)}
_LONGEST_WAIT = timedelta(hours=24)
_DAY = ZoneInfo("Asia/Bangkok")
_WORDS: Mapping[str, Any] = {"required": ["text"], "text": "{{ text }}", "is_personal": True}
_PERSON = "select company_id, language, is_active from copy.marts.contacts where contact_id = ?"


class ReplyRefusedError(PermanentError):
    """An answer that must not be sent; ``code`` is the reason's name, ``values`` what stands in its words."""

    def __init__(self, code: str, message: str, **values: Any) -> None:
        super().__init__(message)
        self.code, self.values = code, values


class Sent(NamedTuple):
    """An answer in the ledger; ``is_new`` is False when this draft was sent before."""

    message_id: str
    conversation_id: str
    is_new: bool


class Draft(NamedTuple):
    """What somebody wants to answer. ``draft_id`` stays the same however often the button is pressed."""

    conversation_id: str
    draft_id: str
    text: str


def refusal(connection: sa.Connection, thread: Conversation, now: datetime) -> ReplyRefusedError | None:
    """Say why nobody may answer freely in a thread now, whatever the words; None when somebody may."""
    if thread.channel not in CHANNELS:
        return ReplyRefusedError("channel", f"nothing is sent by {thread.channel} from here", channel=thread.channel)
    if thread.contact_id is None:
        return ReplyRefusedError(
            "stranger", "the person is not matched to a contact of the CRM: match the address first"
        )
    if thread.channel == Channel.WHATSAPP and (thread.window_open_until is None or thread.window_open_until <= now):
        at = thread.window_open_until
        text = f"WhatsApp's 24 hours for free answers were over at {at}: only an approved template may be sent"
        return ReplyRefusedError("window", text, at=at)
    against = suppressions.reason_against(
        connection,
        channel=thread.channel,
        address=thread.address,
        contact_id=thread.contact_id,
        purpose=str(PURPOSE),
    )
    if against is not None:
        return ReplyRefusedError("suppressed", f"the person must not be written to here: {against}", reason=against)
    return None


def send(engine: sa.Engine, version: publish.Version | None, key: str, draft: Draft, *, by: str, now: datetime) -> Sent:
    """Plan an answer; the worker sends it next. The same draft again returns the message it has.

    ``version`` is the published copy, where the person is looked up, ``key`` opens it. Raises ReplyRefusedError.
    """
    text = draft.text.strip()
    with engine.connect() as connection:
        thread = require(connection, draft.conversation_id)
    person = _person(version, key, thread.contact_id)
    with engine.begin() as connection:
        send_id = derived_id("reply", draft.conversation_id, draft.draft_id)
        wish = hashlib.sha256(text.encode()).hexdigest()
        if (before := transactional_sends.find(connection, send_id)) is not None:
            if before.wish_hash != wish:
                raise ReplyRefusedError("draft", "this draft was sent with other words: begin a new answer")
            return Sent(str(before.message_id), draft.conversation_id, is_new=False)
        thread = require(connection, draft.conversation_id)
        _refuse(connection, thread, text, now)
        row = _decision(thread, person, send_id, wish, by, now)
        if not transactional_sends.record(connection, row, now):
            raise TransientError("this draft is being sent at this moment: look at the thread", retry_after=1)
        transactional_sends.count_in_run(
            connection, _DEFINITION, day=_day(now), snapshot_id=row["snapshot_id"], policy="by a person", now=now
        )
        ledger.plan(connection, [_message(connection, row, thread, person, text, now)], now)
        conversations.note_answer(connection, thread.conversation_id, row["message_id"], now)
        detail = {"message_id": row["message_id"], "contact_id": thread.contact_id, "channel": thread.channel}
        audit.write(connection, actor=by, action="reply", target=thread.conversation_id, detail=detail, now=now)
    return Sent(row["message_id"], draft.conversation_id, is_new=True)


def hand_over(engine: sa.Engine, conversation_id: str, department: str, *, by: str, now: datetime) -> bool:
    """Hand a thread over to a department, audited; False when it has it. The CRM hears of it by a note."""
    if department not in conversations.DEPARTMENTS:
        known = ", ".join(conversations.DEPARTMENTS)
        raise PermanentError(f"there is no department {department!r}: there are {known}")
    with engine.begin() as connection:
        before = require(connection, conversation_id).department
        changed = conversations.assign(connection, conversation_id, department, now)
        if changed:
            detail = {"from": before, "to": department}
            audit.write(
                connection, actor=by, action="assign_conversation", target=conversation_id, detail=detail, now=now
            )
    return changed


def set_open(engine: sa.Engine, conversation_id: str, *, is_open: bool, by: str, now: datetime) -> bool:
    """Close a thread or open it again, audited; False when it is so already."""
    change = conversations.reopen if is_open else conversations.close
    with engine.begin() as connection:
        require(connection, conversation_id)
        changed = change(connection, conversation_id, now)
        if changed:
            action = "reopen_conversation" if is_open else "close_conversation"
            audit.write(connection, actor=by, action=action, target=conversation_id, detail={}, now=now)
    return changed


def require(connection: sa.Connection, conversation_id: str) -> Conversation:
    """Return a thread. Raises ReplyRefusedError where there is none."""
    thread = conversations.find(connection, conversation_id)
    if thread is None:
        text = f"there is no conversation {conversation_id}: see `bma conversation list`"
        raise ReplyRefusedError("unknown", text)
    return thread


def _refuse(connection: sa.Connection, thread: Conversation, text: str, now: datetime) -> None:
    if (against := refusal(connection, thread, now)) is not None:
        raise against
    if not text:
        raise ReplyRefusedError("empty", "the answer has no words")
    longest = LONGEST_ANSWER[Channel(thread.channel)]
    if (length := utf16_units(text)) > longest:
        said = f"the answer has {length} characters, {thread.channel} takes {longest}"
        raise ReplyRefusedError("long", said, length=length, longest=longest)


class _Person(NamedTuple):
    company_id: str
    language: str
    snapshot_id: str


def _person(version: publish.Version | None, key: str, contact_id: str | None) -> _Person:
    """Look the person up. Raises ReplyRefusedError for one the CRM does not have, or not any more."""
    if contact_id is None:
        raise ReplyRefusedError(
            "stranger", "the person is not matched to a contact of the CRM: match the address first"
        )
    if version is None:
        raise ReplyRefusedError("unpublished", "nothing is published yet: run `bma build` and `bma publish`")
    # In a database of its own: one that others have open is locked against settings.
    with open_file(Path(":memory:")) as connection:
        connection.execute(attaching(version.path, "copy", key=key, read_only=True))
        found = connection.execute(_PERSON, [contact_id]).fetchone()
    if found is None or not found[2]:
        raise ReplyRefusedError("gone", "the CRM says that this contact is no longer active")
    return _Person(found[0], "th" if found[1] == "th" else "en", version.name)


def _decision(thread: Conversation, person: _Person, send_id: str, wish: str, by: str, now: datetime) -> dict[str, Any]:
    step, run_id = f"reply@{send_id[:18]}", derived_id("run", REPLY, _day(now))
    return {
        "send_id": send_id,
        "wish_hash": wish,
        "caller": by,
        "campaign_id": REPLY,
        "run_id": run_id,
        "step": step,
        "contact_id": thread.contact_id,
        "company_id": person.company_id,
        "subject_type": "contact",
        "subject_id": thread.contact_id,
        "outcome": Outcome.SEND,
        "reason": "answer to what the person wrote",
        "channel": thread.channel,
        "message_id": message_id(REPLY, run_id, str(thread.contact_id), step),
        "snapshot_id": person.snapshot_id,
    }


def _message(
    connection: sa.Connection,
    row: Mapping[str, Any],
    thread: Conversation,
    person: _Person,
    text: str,
    now: datetime,
) -> dict[str, Any]:
    content = {**_WORDS, "language": person.language}
    variables = {"text": text}
    if thread.channel == Channel.EMAIL:
        content["subject"] = "{{ subject }}"
        variables |= _mail(conversations.written(connection, thread.last_inbound_id or ""))
    version = save_template(
        connection, template_id=REPLY, channel=thread.channel, language=person.language, content=content, now=now
    )
    # The window may close while the answer waits: what is not sent by then is over.
    window = thread.window_open_until if thread.channel == Channel.WHATSAPP else None
    same = ("message_id", "campaign_id", "run_id", "step", "contact_id", "company_id", "subject_type", "subject_id")
    return {
        **{name: row[name] for name in same},
        "variant": "a",
        "channel": thread.channel,
        "purpose": str(PURPOSE),
        "address": thread.address,
        "template_id": REPLY,
        "template_version": version,
        "language": person.language,
        "variables": variables,
        "priority": 1,
        "not_before": None,
        "expires_at": min(now + _LONGEST_WAIT, window) if window else now + _LONGEST_WAIT,
        "snapshot_id": row["snapshot_id"],
        "traceparent": None,
    }


def _mail(written: Mapping[str, Any]) -> dict[str, str]:
    subject = str(written.get("subject") or "BMAsia")
    is_answer = subject.casefold().startswith("re:")
    return {"subject": subject if is_answer else f"Re: {subject}", "in_reply_to": str(written.get("mail_id") or "")}


def _day(now: datetime) -> str:
    return now.astimezone(_DAY).date().isoformat()
