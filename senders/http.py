"""HTTP for the hot path: one POST, no retries, and a clear word on whether the request can have arrived."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

_MOST_CONNECTIONS = 300  # more per process cost more than they bring


class NotWrittenError(Exception):
    """The request certainly did not reach the server."""


class NoAnswerError(Exception):
    """The request may have reached the server, but no whole answer came back."""


@dataclass(frozen=True)
class Response:
    """Status, headers and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpPort:
    """A pool of connections to one provider."""

    def __init__(self, base_url: str, headers: Mapping[str, str], *, timeout: float = 30.0) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Content-Type": "application/json", **headers}
        self._urls: dict[str, URL] = {}
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=10.0)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
        """POST JSON once. Raises NotWrittenError or NoAnswerError, nothing else."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=_MOST_CONNECTIONS)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers, timeout=self._timeout)
        if (url := self._urls.get(path)) is None:
            url = self._urls[path] = URL(self._base_url + path)
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as got:
                return Response(got.status, got.headers, await got.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotWrittenError(f"no connection{_why(error)}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswerError(f"no answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        """Use as a context manager to close the connections."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()


def _why(error: Exception) -> str:
    """Say what the system said, without addresses: people read it."""
    number = getattr(getattr(error, "os_error", None), "errno", None)
    return f": {os.strerror(number)}" if number else ""
