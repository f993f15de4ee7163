"""The API under ``/api/v1``: what happened to a message or a contact, for signed-in users of the CRM."""

from typing import Annotated, Any

import jwt
import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from core.settings import Settings
from core.store.engine import reading
from core.store.tables import events, messages

_bearer = HTTPBearer(auto_error=False)
_SHOWN = [column for column in messages.c if column.name not in {"address", "variables", "claimed_by", "lease_until"}]
_SHOWN_EVENTS = [column for column in events.c if column.name not in {"address", "detail", "inbox_id"}]


def router(settings: Settings) -> APIRouter:
    """Return the API; closed without ``BMA_JWT_SECRET``."""
    secret = settings.jwt_secret.get_secret_value()

    def user(given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
        if not secret:
            raise HTTPException(404)
        try:
            claims = jwt.decode(
                given.credentials if given else "",
                secret,
                algorithms=["HS256"],
                options={"require": ["exp", "user_id", "token_type"]},
            )
        except jwt.InvalidTokenError as error:
            raise HTTPException(401, "sign in to the CRM and send its access token") from error
        if claims["token_type"] != "access":  # noqa: S105 -- a kind of token, not one
            raise HTTPException(401, "this is not an access token")
        return str(claims["user_id"])

    api = APIRouter(prefix="/api/v1", dependencies=[Depends(user)], tags=["BMA Social"])

    @api.get("/messages/{message_id}")
    def one_message(message_id: str, request: Request) -> dict[str, Any]:
        """Return one message with its events, oldest first; contact details are left out."""
        with reading(request.app.state.engine) as connection:
            found = connection.execute(sa.select(*_SHOWN).where(messages.c.message_id == message_id)).mappings().first()
            if found is None:
                raise HTTPException(404, "there is no such message")
            history = connection.execute(
                sa.select(*_SHOWN_EVENTS).where(events.c.message_id == message_id).order_by(events.c.occurred_at)
            )
            return {**found, "events": [dict(row) for row in history.mappings()]}

    @api.get("/contacts/{contact_id}/timeline")
    def timeline(contact_id: str, request: Request, limit: int = 100) -> list[dict[str, Any]]:
        """Return a contact's newest events, at most 1,000."""
        query = sa.select(*_SHOWN_EVENTS).where(events.c.contact_id == contact_id)
        with reading(request.app.state.engine) as connection:
            rows = connection.execute(query.order_by(events.c.occurred_at.desc()).limit(min(limit, 1000)))
            return [dict(row) for row in rows.mappings()]

    return api
