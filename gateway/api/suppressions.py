"""Suppressions: whom we must not write to; adding one is effective for the very next message."""

from datetime import datetime
from typing import Annotated, Literal, Self

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.privacy import mask_address
from core.store import suppressions
from core.store.engine import reading
from core.store.tables import suppressions as table
from core.vocabulary import Channel, Purpose, Role
from gateway.api.audited import note_change, note_reading
from gateway.api.paging import Cursor, Limit, Page, after, older_than, page
from gateway.auth import Caller, needs
from gateway.problems import ProblemError

router = APIRouter(prefix="/suppressions", tags=["Suppressions"])
Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]
Marketer = Annotated[Caller, Depends(needs(Role.MARKETER))]
_SOURCE = "person"  # as said by somebody of ours


class Suppression(BaseModel):
    """A standing or lifted suppression; without an address the whole contact is meant."""

    suppression_id: str
    channel: Channel | Literal["all"]
    address: str | None
    contact_id: str | None
    purpose: Purpose | Literal["all"]
    reason: str
    source: str
    created_at: datetime
    lifted_at: datetime | None


class NewSuppression(BaseModel):
    """Whom not to write to, and why."""

    model_config = ConfigDict(extra="forbid")
    channel: Channel | Literal["all"] = "all"
    address: str | None = Field(None, min_length=3, max_length=320)
    contact_id: str | None = Field(None, min_length=1, max_length=100)
    purpose: Purpose | Literal["all"] = "all"
    reason: str = Field(min_length=3, max_length=500)

    @model_validator(mode="after")
    def names_somebody(self) -> Self:
        """Refuse a suppression of nobody, and an address without its channel."""
        if not self.address and not self.contact_id:
            raise ValueError("say whom: an address or a contact_id")
        if self.address and self.channel == "all":
            raise ValueError("an address belongs to a channel: say which")
        return self


_SHOWN = [table.c[name] for name in Suppression.model_fields]


@router.get("")
def list_suppressions(
    request: Request,
    caller: Viewer,
    contact_id: str | None = None,
    standing: bool = True,  # noqa: FBT001, FBT002 -- a query parameter
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Suppression]:
    """List suppressions, the newest first; ``standing=false`` shows the lifted ones too."""
    query = sa.select(*_SHOWN).order_by(table.c.created_at.desc(), table.c.suppression_id.desc()).limit(limit + 1)
    if contact_id is not None:
        query = query.where(table.c.contact_id == contact_id)
    if standing:
        query = query.where(table.c.lifted_at.is_(None))
    if (values := after(cursor, datetime, str)) is not None:
        query = query.where(older_than(values, table.c.created_at, table.c.suppression_id))
    with reading(request.app.state.engine) as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    if not caller.sees_contact_details:
        rows = [{**row, "address": mask_address(row["address"])} for row in rows]
    found = page(rows, limit, "created_at", "suppression_id")
    note_reading(request, caller, "suppressions", [row["contact_id"] for row in found["items"] if row["address"]])
    return Page[Suppression].model_validate(found)


@router.post("", status_code=201)
def add_suppression(wish: NewSuppression, request: Request, caller: Marketer) -> Suppression:
    """Stop writing to somebody. Asking twice changes nothing."""
    now = request.app.state.clock()
    with request.app.state.engine.begin() as connection:
        key = suppressions.add(connection, **wish.model_dump(), source=_SOURCE, now=now)
        detail = wish.model_dump(exclude={"address"})
        note_change(connection, request, caller, "suppress", key, detail)
        row = connection.execute(sa.select(*_SHOWN).where(table.c.suppression_id == key)).mappings().one()
    return Suppression.model_validate(row)


@router.delete("/{suppression_id}", status_code=204)
def lift_suppression(suppression_id: str, request: Request, caller: Marketer) -> None:
    """Lift one that somebody of ours set; what a person or a provider said is theirs to take back."""
    now = request.app.state.clock()
    with request.app.state.engine.begin() as connection:
        found = connection.execute(sa.select(table).where(table.c.suppression_id == suppression_id)).first()
        if found is None:
            raise ProblemError(404, "no-such-suppression", f"there is no suppression {suppression_id}")
        if found.source != _SOURCE:
            raise ProblemError(409, "not-ours", f"it came from {found.source}: only the person can take it back")
        lifted = sa.update(table).where(table.c.suppression_id == suppression_id, table.c.lifted_at.is_(None))
        connection.execute(lifted.values(lifted_at=now, updated_at=now))
        note_change(connection, request, caller, "lift_suppression", suppression_id, {})
