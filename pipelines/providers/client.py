"""Asking a provider for its counts over HTTP: retried in one place, and every refusal says whether to ask again."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import httpx
import stamina

from core.errors import HouseError, PermanentError, TransientError, error_for_status

_ATTEMPTS = 4
_MOST_WAIT = 30.0
_MOST_PAGES = 200

Refusal = Callable[[httpx.Response, str], HouseError]


def _wait_as_told(error: Exception) -> bool | float:
    """Let stamina retry what is transient, after as long as the provider asked for."""
    if not isinstance(error, TransientError):
        return False
    return min(error.retry_after, _MOST_WAIT) if error.retry_after is not None else True


class CounterClient:
    """Reads JSON from one provider account; ``retry_seconds`` is the most spent on one request with its repeats."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        token: str,
        refusal: Refusal,
        transport: httpx.BaseTransport | None = None,
        timeout: float = 30.0,
        retry_seconds: float = 60.0,
    ) -> None:
        self._name, self._refusal, self._retry_seconds = name, refusal, retry_seconds
        self._http = httpx.Client(
            base_url=url,
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Authorization": f"Bearer {token}"},
        )

    def __enter__(self) -> Self:
        """Use as a context manager to close the connections."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """GET one JSON object. Raises PermanentError, or TransientError after bounded retries."""
        for attempt in stamina.retry_context(
            on=_wait_as_told, attempts=_ATTEMPTS, timeout=self._retry_seconds, wait_initial=0.1, wait_max=5.0
        ):
            with attempt:
                return self._get_once(path, parameters)
        raise AssertionError("unreachable: the retry context returns or raises")

    def pages(self, path: str, parameters: Mapping[str, str | int]) -> Iterator[dict[str, Any]]:
        """Yield the entries of a Graph API list, page by page."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self.get(path, {**parameters, **after})
            try:
                yield from page["data"]
                if not page.get("paging", {}).get("next"):
                    return
                after = {"after": page["paging"]["cursors"]["after"]}
            except (KeyError, TypeError) as error:
                raise PermanentError(f"{self._name} answered GET {path} in an unknown shape: {error!r}") from error
        raise PermanentError(f"{self._name} has more than {_MOST_PAGES} pages at {path}: its paging has changed")

    def _get_once(self, path: str, parameters: Mapping[str, str | int] | None) -> dict[str, Any]:
        try:
            response = self._http.get(path, params=parameters)
        except httpx.TransportError as error:
            raise TransientError(f"{self._name} did not answer GET {path}: {type(error).__name__} {error}") from error
        if response.status_code != 200:
            raise self._refusal(response, f"{self._name} answered GET {path} with {response.status_code}")
        try:
            body = response.json()
        except ValueError as error:
            raise TransientError(f"{self._name} answered GET {path} with something that is not JSON") from error
        if not isinstance(body, dict):
            raise PermanentError(f"{self._name} answered GET {path} with no JSON object: is its address right?")
        return body


def body_of(response: httpx.Response) -> dict[str, Any]:
    """Return a refusal's JSON object, or an empty one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def by_status(response: httpx.Response, text: str) -> HouseError:
    """Judge a refusal by its HTTP status and keep to its Retry-After."""
    if error_for_status(response.status_code) is TransientError:
        after = response.headers.get("retry-after", "")
        return TransientError(text, retry_after=float(after) if after.isdigit() else None)
    return PermanentError(text)
