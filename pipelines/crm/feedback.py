"""Telling the CRM what we did and heard, as notes on a company's timeline: each once, whatever dies in between.

A note carries its id among its tags. That it is being told is committed before the request; a note left in that state
by a dead process or a lost answer is looked for in the CRM first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.errors import PermanentError
from core.logs import get_logger
from core.store import crm_notes
from pipelines.crm.client import CannotSignInError, CrmClient

_NOTES = "/api/v1/notes/"
_TYPES = {"opt_out": "Issue"}  # the CRM's own list has no channels: all else is an Email to it
_BATCH = 200


@dataclass(frozen=True)
class Note:
    """One row of ``marts.crm_feedback``."""

    feedback_id: str
    kind: str
    company_id: str
    contact_id: str | None
    title: str
    text: str
    happened_at: datetime


@dataclass
class Told:
    """How many notes the CRM has now, had already, and refused."""

    told: int = 0
    found: int = 0
    refused: int = 0


def tell(client: CrmClient, store: sa.Engine, notes: Sequence[Note], now: datetime) -> Told:
    """Give the CRM the notes it does not have, the oldest first.

    Raises TransientError when it does not answer, PermanentError when it does not let us in: what was told stays told,
    the next call goes on.
    """
    done = Told()
    for part in _batches(notes):
        with store.connect() as connection:
            known = crm_notes.states(connection, [note.feedback_id for note in part])
        for note in part:
            if known.get(note.feedback_id) not in {crm_notes.TOLD, crm_notes.REFUSED}:
                _tell_one(client, store, note, now, done, is_begun=note.feedback_id in known)
    return done


def _batches(notes: Sequence[Note]) -> Iterator[Sequence[Note]]:
    ordered = sorted(notes, key=lambda note: (note.happened_at, note.feedback_id))
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]


def _tell_one(client: CrmClient, store: sa.Engine, note: Note, now: datetime, done: Told, *, is_begun: bool) -> None:
    if is_begun and (found := _look_for(client, note.feedback_id)) is not None:
        done.found += 1
        _end(store, note, crm_notes.TOLD, now, note_id=found)
        return
    with store.begin() as connection:
        crm_notes.begin(connection, note.feedback_id, now)
    try:
        made = client.create(_NOTES, _body(note))
    except CannotSignInError:
        raise
    except PermanentError as error:
        get_logger().warning("the CRM refused a note", feedback_id=note.feedback_id, reason=str(error))
        done.refused += 1
        _end(store, note, crm_notes.REFUSED, now, reason=str(error)[:500])
        return
    done.told += 1
    _end(store, note, crm_notes.TOLD, now, note_id=str(made["id"]))


def _look_for(client: CrmClient, feedback_id: str) -> str | None:
    page = client.get(_NOTES, {"search": feedback_id, "page_size": 20})
    return next((str(row["id"]) for row in page["results"] if feedback_id in str(row.get("tags", ""))), None)


def _body(note: Note) -> dict[str, str]:
    body = {
        "company": note.company_id,
        "title": note.title,
        "text": note.text,
        "note_type": _TYPES.get(note.kind, "Email"),
        "tags": f"bma-social,{note.kind},{note.feedback_id}",
    }
    return body | ({"contact": note.contact_id} if note.contact_id else {})


def _end(
    store: sa.Engine, note: Note, state: str, now: datetime, *, note_id: str | None = None, reason: str | None = None
) -> None:
    with store.begin() as connection:
        crm_notes.end(connection, note.feedback_id, state, now, note_id=note_id, reason=reason)
