"""Who asks: a person with the CRM's access token, or a machine with a service token; and whether the role is enough."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from core.errors import PermanentError
from core.people import People, read_access_token
from core.store import service_tokens
from core.vocabulary import Role
from gateway.problems import ProblemError
from gateway.rates import Rates

_bearer = HTTPBearer(auto_error=False, description="The CRM's access token, or a service token (`bma token create`).")


@dataclass(frozen=True)
class Caller:
    """Who asks. ``actor`` is what the audit log calls them: ``user:<id>`` or ``token:<id>``."""

    actor: str
    name: str
    role: Role

    @property
    def is_person(self) -> bool:
        """Whether somebody signed in, and not a machine."""
        return self.actor.startswith("user:")

    @property
    def sees_contact_details(self) -> bool:
        """Whether addresses are shown in the clear."""
        return self.role.may(Role.MARKETER)


class Authenticator:
    """Turns the Authorization header into a caller."""

    def __init__(self, engine: sa.Engine, secret: str, people: People, rates: Rates) -> None:
        self._engine, self._secret, self._people, self._rates = engine, secret, people, rates

    async def admit(self, request: Request, token: str, needed: Role, now: datetime) -> Caller:
        """Return the caller, counted against the limits. Raises ProblemError 401, 403, 404, 429 or 503."""
        if not self._secret:
            raise ProblemError(404, "closed", "the API is closed: BMA_JWT_SECRET is not set")
        address = request.client.host if request.client else "unknown"
        try:
            caller = await self._identify(token, now)
        except PermanentError as error:
            await run_in_threadpool(self._rates.take, request, f"address:{address}", self._rates.limits.strangers, now)
            raise ProblemError(401, "not-signed-in", str(error), headers={"WWW-Authenticate": "Bearer"}) from error
        await run_in_threadpool(self._rates.take, request, caller.actor, self._rates.limits.callers, now)
        if not caller.role.may(needed):
            raise ProblemError(403, "role-too-low", f"this needs the role {needed}; {caller.name} has {caller.role}")
        return caller

    async def _identify(self, token: str, now: datetime) -> Caller:
        if token.startswith(f"{service_tokens.PREFIX}_"):
            return await run_in_threadpool(self._machine, token, now)
        person = await self._people.find(read_access_token(token, self._secret).user_id, token)
        return Caller(f"user:{person.user_id}", person.name, person.role)

    def _machine(self, token: str, now: datetime) -> Caller:
        with self._engine.begin() as connection:
            found = service_tokens.find(connection, token)
            if found is None:
                raise PermanentError("this service token is unknown or revoked")
            service_tokens.note_use(connection, found.token_id, now)
        return Caller(f"token:{found.token_id}", found.name, found.role)


def needs(role: Role) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency that admits callers with at least this role."""

    async def admitted(
        request: Request,
        given: HTTPAuthorizationCredentials | None = Security(_bearer),  # noqa: B008 -- FastAPI's way
    ) -> Caller:
        state = request.app.state
        caller: Caller = await state.authenticator.admit(
            request, given.credentials if given else "", role, state.clock()
        )
        request.state.actor = caller.actor
        return caller

    return admitted
