"""A contact's addresses on channels the CRM does not know: codes to link LINE, what is linked, what was agreed to."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from core.errors import PermanentError
from core.privacy import mask_address, mask_value
from core.settings import Settings
from core.store import addresses, consents, line_links
from core.store.engine import reading
from core.vocabulary import Channel, Purpose, Role
from gateway.api.audited import note_change, note_reading
from gateway.api.published import ask
from gateway.auth import Caller, needs
from gateway.problems import ProblemError
from senders.line.linking import chat_link, invitation

router = APIRouter(prefix="/contacts/{contact_id}", tags=["Addresses"])
Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]
Marketer = Annotated[Caller, Depends(needs(Role.MARKETER))]


class LineCode(BaseModel):
    """A one-time code. It is shown once; what the contact is to read with it stands beside it."""

    code: str
    expires_at: datetime
    chat_link: str = Field(description="Opens LINE with the code typed; empty without BMA_LINE_ACCOUNT.")
    invitation: dict[str, str] = Field(description="By language; sending the code is agreeing to it.")


class Address(BaseModel):
    """An address that is or was the contact's. It is masked for roles below marketer."""

    channel: Channel
    address: str
    state: Literal["confirmed", "blocked", "revoked"] = Field(description="Only confirmed ones are written to.")
    source: str
    confidence: float
    confirmed_at: datetime | None
    updated_at: datetime


class Consent(BaseModel):
    """Something the person said about a channel, and what proves it."""

    channel: Channel | Literal["all"]
    purpose: Purpose | Literal["all"]
    state: Literal["given", "withdrawn"]
    source: str
    proof: dict[str, Any]
    said_at: datetime
    recorded_at: datetime


class Reachable(BaseModel):
    """How a person is reached beyond what the CRM knows, and what they agreed to, oldest first."""

    addresses: list[Address]
    consents: list[Consent]


@router.post("/line-code", status_code=201)
def issue_line_code(contact_id: str, request: Request, response: Response, caller: Marketer) -> LineCode:
    """Make a code for the contact to send to our LINE account; one that was not used yet is void from now on."""
    found = ask(request, response, caller, "contact_exists", contact_id=contact_id)
    if not found or not found[0]["is_active"]:
        raise ProblemError(404, "no-such-contact", f"there is no active contact {contact_id}")
    settings: Settings = request.app.state.settings
    words, now = invitation(), request.app.state.clock()
    try:
        with request.app.state.engine.begin() as connection:
            code = line_links.issue(
                connection,
                contact_id,
                secret=settings.link_secret.get_secret_value(),
                source="staff",
                issued_by=caller.actor,
                shown=words,
                now=now,
            )
            note_change(connection, request, caller, "issue_line_code", contact_id, {})
    except PermanentError as error:
        raise ProblemError(429, "too-many-codes", str(error)) from error
    link = chat_link(settings.line_account, code.text)
    return LineCode(code=code.text, expires_at=code.expires_at, chat_link=link, invitation=words)


@router.get("/addresses")
def show_addresses(contact_id: str, request: Request, caller: Viewer) -> Reachable:
    """Show what is linked and what the person agreed to, with source, confidence and proof."""
    with reading(request.app.state.engine) as connection:
        known, said = addresses.known(connection, contact_id), consents.history(connection, contact_id)
    if not caller.sees_contact_details:
        known = [{**each, "address": mask_address(each["address"])} for each in known]
        said = [{**each, "proof": mask_value(each["proof"])} for each in said]
    note_reading(request, caller, "addresses", [contact_id] if known else [])
    return Reachable.model_validate({"addresses": known, "consents": said})


@router.delete("/addresses/line", status_code=204)
def unlink_line(contact_id: str, request: Request, caller: Marketer) -> None:
    """Unlink the contact's LINE: what is planned there is cancelled, codes that are out are void."""
    now = request.app.state.clock()
    with request.app.state.engine.begin() as connection:
        if not line_links.unlink(connection, contact_id, by=caller.actor, now=now):
            raise ProblemError(404, "nothing-linked", f"contact {contact_id} has no LINE linked")
        note_change(connection, request, caller, "unlink_line", contact_id, {})
