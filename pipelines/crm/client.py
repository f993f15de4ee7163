"""The CRM over HTTP: signs in, keeps signed in, and says of every refusal whether to try again."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx
import stamina

from core.errors import HouseError, PermanentError, TransientError, error_for_status
from core.logs import get_logger

_T = TypeVar("_T")
_TOKEN_SECONDS = 3600
_RENEW_BEFORE = 300
_PERMANENT_TYPES = {"NotFound", "ValidationError"}
_ATTEMPTS = 4
_MOST_WAIT = 30.0


def _wait_as_told(error: Exception) -> bool | float:
    """Let stamina retry what is transient, after as long as the CRM asked for."""
    if not isinstance(error, TransientError):
        return False
    return min(error.retry_after, _MOST_WAIT) if error.retry_after is not None else True


class CrmClient:
    """A signed-in client. One per load; it keeps no cookies and follows no redirects."""

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        transport: httpx.BaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        timeout: float = 30.0,
        retry_seconds: float = 60.0,
    ) -> None:
        self._http = httpx.Client(
            base_url=url,
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json"},
        )
        self._credentials = {"username": username, "password": password}
        self._monotonic = monotonic
        self._retry_seconds = retry_seconds
        self._access = ""
        self._refresh = ""
        self._access_until = 0.0
        self._machine_token = ""

    def __enter__(self) -> Self:
        """Use as a context manager to close the connections."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any:
        """GET JSON as a signed-in user. Raises PermanentError or TransientError, after bounded retries."""
        return self._persist(lambda: self._get_once(path, parameters))

    def find(self, path: str) -> Any | None:
        """GET a single record; None only for the CRM's own clear 404."""
        try:
            return self.get(path)
        except NotFoundError:
            return None

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST a new record, once. Raises TransientError when it may have been made: look before asking again."""
        if self._monotonic() > self._access_until - _RENEW_BEFORE:
            self._sign_in()
        try:
            made: dict[str, Any] = self._send("POST", path, json=dict(body), headers=self._bearer())
        except SignedOutError:  # so nothing was made
            self._refresh = ""
            self._sign_in()
            made = self._send("POST", path, json=dict(body), headers=self._bearer())
        return made

    def pages(self, path: str, parameters: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        """Yield the envelopes of a list, page by page, until there is no next one."""
        number = 1
        while True:
            try:
                page = self.get(path, {**parameters, "page": number})
            except (NotFoundError, NoPageError):
                if number == 1:
                    raise
                return  # rows went while we read; the caller counts what it got
            if not isinstance(page, dict) or not isinstance(page.get("results"), list) or "count" not in page:
                raise PermanentError(f"GET {path} did not answer with a list envelope: is BMA_CRM_URL the CRM?")
            yield page
            if not page.get("next"):
                return
            number += 1

    def query(self, collection: str, pipeline: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        """Ask ``/mcp/``; None when it does not answer (it may be switched off: REST is always there)."""
        try:
            found: list[dict[str, Any]] = self._persist(lambda: self._query_once(collection, pipeline))
        except HouseError as error:
            get_logger().warning("crm_mcp_unavailable", reason=str(error))
            return None
        return found

    def _query_once(self, collection: str, pipeline: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self._machine_token:
            answer = self._send("POST", "/api-token-auth/", json=self._credentials)
            self._machine_token = _text(answer, "token")
        arguments = {"collection": collection, "search_pipeline": pipeline}
        params = {"name": "query_data_collections", "arguments": arguments}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        answer = self._send("POST", "/mcp/", json=body, headers={"Authorization": f"Token {self._machine_token}"})
        try:
            result = answer["result"]
            if result["isError"]:
                raise PermanentError(f"the CRM's /mcp/ refused to list {collection}")
            return list(json.loads(result["content"][0]["text"])) if result["content"] else []
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise PermanentError(f"the CRM's /mcp/ answered for {collection} in an unknown shape") from error

    def _persist(self, call: Callable[[], _T]) -> _T:
        for attempt in stamina.retry_context(
            on=_wait_as_told, attempts=_ATTEMPTS, timeout=self._retry_seconds, wait_initial=0.1, wait_max=5.0
        ):
            with attempt:
                return call()
        raise AssertionError("unreachable: the retry context returns or raises")

    def _get_once(self, path: str, parameters: Mapping[str, str | int] | None) -> Any:
        if self._monotonic() > self._access_until - _RENEW_BEFORE:
            self._sign_in()
        try:
            return self._send("GET", path, params=parameters, headers=self._bearer())
        except SignedOutError:
            self._refresh = ""
            self._sign_in()
            return self._send("GET", path, params=parameters, headers=self._bearer())

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._access}"}

    def _sign_in(self) -> None:
        if self._refresh:
            try:
                answer = self._send("POST", "/api/v1/auth/refresh/", json={"refresh": self._refresh})
            except SignedOutError:
                self._refresh = ""
            else:
                self._remember(_text(answer, "access"))
                return
        try:
            answer = self._send("POST", "/api/v1/auth/login/", json=self._credentials)
        except PermanentError as error:
            raise CannotSignInError(
                f"the CRM refused to sign in: check BMA_CRM_USERNAME and BMA_CRM_PASSWORD ({error})"
            ) from error
        self._refresh = _text(answer, "refresh")
        self._remember(_text(answer, "access"))

    def _remember(self, access: str) -> None:
        self._access = access
        self._access_until = self._monotonic() + _TOKEN_SECONDS

    def _send(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise TransientError(f"the CRM did not answer {method} {path}: {type(error).__name__} {error}") from error
        finally:
            self._http.cookies.clear()
        if response.status_code in {200, 201}:
            return _json(response, method, path)
        raise _refusal(response, method, path)


class CannotSignInError(PermanentError):
    """Name or password is wrong: a matter of settings, not of what was asked."""


class SignedOutError(PermanentError):
    """The token is no longer accepted: sign in again."""


class NotFoundError(PermanentError):
    """The CRM says that there is no such record or page."""


class NoPageError(PermanentError):
    """``/companies/`` has no such page, which it says with a 500."""


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str):
        raise PermanentError(f"the CRM signed us in without {name!r}: its API has changed")
    return value


def _json(response: httpx.Response, method: str, path: str) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise TransientError(f"the CRM answered {method} {path} with something that is not JSON") from error


def _refusal(response: httpx.Response, method: str, path: str) -> HouseError:
    text = f"the CRM answered {method} {path} with {response.status_code}"
    is_json = "json" in response.headers.get("content-type", "")
    body = _json(response, method, path) if is_json and response.content else {}
    detail = f"{text}: {json.dumps(body)[:200]}" if body else text
    if response.status_code == 401:
        return SignedOutError(detail)
    if response.status_code == 404 and body:  # a web server's own 404 says nothing about the record
        return NotFoundError(detail)
    if isinstance(body, dict) and body.get("type") in _PERMANENT_TYPES:  # /companies/ wraps every refusal in a 500
        return NoPageError(detail) if body["type"] == "NotFound" else PermanentError(detail)
    if error_for_status(response.status_code) is TransientError:
        after = response.headers.get("retry-after", "")
        return TransientError(detail, retry_after=float(after) if after.isdigit() else None)
    if 300 <= response.status_code < 400:
        return PermanentError(f"{text}, a redirect: the path lacks its slash, or BMA_CRM_URL is wrong")
    return PermanentError(detail)
