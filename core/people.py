"""Who somebody is, by the CRM: name and role, asked with the person's own token and kept for five minutes.

The API and the dashboard ask here. A token of the CRM is HS256 with the shared secret, nothing else.
"""

import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import jwt
import sqlalchemy as sa

from core.errors import PermanentError, TransientError
from core.store.engine import reading
from core.store.tables import users
from core.vocabulary import Role

_ROLES = Path(__file__).with_name("roles.toml")
_KEPT_SECONDS = 300.0
_MOST_KEPT = 10_000
_TIMEOUT = 5.0


_SIGN_IN = "sign in to the CRM and send its access token, or send a service token"


class Claim(NamedTuple):
    """What an access token says: whose it is, and until when it counts (seconds since 1970, UTC)."""

    user_id: str
    until: float


class Tokens(NamedTuple):
    """What the CRM gives who signs in: ``access`` for an hour, ``refresh`` to get another one for a week."""

    access: str
    refresh: str


def read_access_token(token: str, secret: str) -> Claim:
    """Return what an access token says. Raises PermanentError for one that is forged, over or of another kind."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp", "user_id", "token_type"]})
    except jwt.InvalidTokenError as error:
        raise PermanentError(_SIGN_IN) from error
    if claims["token_type"] != "access":  # noqa: S105 -- a kind of token, not one
        raise PermanentError("this is not an access token: send the one called `access`")
    return Claim(str(claims["user_id"]), float(claims["exp"]))


def crm_roles() -> dict[str, str]:
    """Return what each role of the CRM may do here."""
    roles: dict[str, str] = tomllib.loads(_ROLES.read_text())["roles"]
    return roles


class Person(NamedTuple):
    """Somebody who signed in to the CRM."""

    user_id: str
    name: str
    role: Role


class People:
    """Asks the CRM's ``/users/me/`` and remembers; an administrator's word in our own table goes before the CRM's."""

    def __init__(
        self,
        crm_url: str,
        engine: sa.Engine,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=crm_url, transport=transport, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
        )
        self._engine, self._monotonic = engine, monotonic
        self._roles = crm_roles()
        self._known: dict[str, tuple[float, Person]] = {}

    async def find(self, user_id: str, token: str) -> Person:
        """Return whose token this is.

        Raises PermanentError when the CRM does not know the person (any more), TransientError when it does not answer.
        """
        until, person = self._known.get(user_id, (0.0, None))
        if person is not None and self._monotonic() < until:
            return person
        person = self._with_our_word(await self._ask(user_id, token))
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[user_id] = (self._monotonic() + _KEPT_SECONDS, person)
        return person

    async def sign_in(self, username: str, password: str) -> Tokens:
        """Return the tokens of who knows the password.

        Raises PermanentError when the CRM says no, TransientError when it does not answer.
        """
        body = await self._post("/api/v1/auth/login/", {"username": username, "password": password})
        return Tokens(body["access"], body["refresh"])

    async def renew(self, refresh: str) -> str:
        """Return a new access token. Raises as ``sign_in``."""
        return (await self._post("/api/v1/auth/refresh/", {"refresh": refresh}))["access"]

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _post(self, path: str, body: dict[str, str]) -> dict[str, str]:
        try:
            answer = await self._http.post(path, json=body, headers={"Accept": "application/json"})
        except httpx.TransportError as error:
            raise TransientError("the CRM does not answer: nobody can sign in now", retry_after=5) from error
        if answer.status_code in {400, 401, 403}:
            raise PermanentError("the CRM does not know this user name and password")
        try:
            found = {name: str(value) for name, value in answer.raise_for_status().json().items()}
            found["access"]
        except (httpx.HTTPStatusError, ValueError, KeyError, AttributeError) as error:
            raise TransientError("the CRM's answer makes no sense: try again", retry_after=5) from error
        return {"refresh": "", **found}

    async def _ask(self, user_id: str, token: str) -> Person:
        try:
            answer = await self._http.get(
                "/api/v1/users/me/", headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}
            )
        except httpx.TransportError as error:
            raise TransientError("the CRM does not answer: nobody's role is known now", retry_after=5) from error
        if answer.status_code in {401, 403, 404}:
            raise PermanentError("the CRM does not accept this token: sign in again")
        try:
            body = answer.raise_for_status().json()
            found, crm_role = str(body["id"]), str(body["role"])
            name = str(body.get("full_name") or body["username"])
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
            raise TransientError("the CRM's answer makes no sense: try again", retry_after=5) from error
        if found != user_id:
            raise PermanentError("the token names another person than the CRM does")
        if not body.get("is_active", True):
            raise PermanentError("this person's account in the CRM is switched off")
        return Person(found, name, Role(self._roles.get(crm_role, Role.VIEWER)))

    def _with_our_word(self, person: Person) -> Person:
        with reading(self._engine) as connection:
            role = connection.execute(sa.select(users.c.role).where(users.c.user_id == person.user_id)).scalar()
        return person if role is None else person._replace(role=Role(role))
