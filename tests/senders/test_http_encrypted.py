"""The hot path's HTTP over TLS: to whom the certificate names, and the system's certificates read once."""

import asyncio
import ssl
from pathlib import Path

import pytest

from senders import event_loop
from senders import http as hot
from senders.http import HttpPort, NotWrittenError, Response
from tests.senders.certificates import FILE, certificate_for_loopback
from tests.senders.peers import HttpPeer
from tests.senders.test_http import GOOD, post


def test_an_encrypted_connection_is_to_who_the_certificate_names_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = certificate_for_loopback(tmp_path)

    async def knock(host: str) -> Response | None:
        async with (
            HttpPeer(GOOD, encryption=server) as peer,
            HttpPort(f"https://{host}:{peer.port}", {}) as port,
        ):
            return await port.post("/messages", b"{}")

    with pytest.raises(NotWrittenError, match="CERTIFICATE_VERIFY_FAILED"):
        event_loop.run(knock("localhost"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / FILE))
    got = event_loop.run(knock("localhost"))
    assert got is not None
    assert got.body == b'{"is":"good"}'
    with pytest.raises(NotWrittenError, match="CERTIFICATE_VERIFY_FAILED"):
        event_loop.run(knock("127.0.0.1"))


def test_a_crowd_at_the_start_reads_the_systems_certificates_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, trusting = certificate_for_loopback(tmp_path)
    read: list[int] = []

    def certificates() -> ssl.SSLContext:
        read.append(1)
        return trusting

    monkeypatch.setattr(hot.ssl, "create_default_context", certificates)

    async def crowd() -> list[tuple[int, bytes]]:
        async with (
            HttpPeer(GOOD, encryption=server) as peer,
            HttpPort(f"https://localhost:{peer.port}", {}) as port,
        ):
            return await asyncio.gather(*(post(port) for _ in range(20)))

    assert event_loop.run(crowd()) == [(200, b'{"is":"good"}')] * 20
    assert len(read) == 1
