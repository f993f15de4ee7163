"""Starting the product's processes together and stopping them together."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from core.errors import TransientError

ROOT = Path(__file__).resolve().parent.parent
_GRACE_SECONDS = 8.0


def free_port(wanted: int = 0) -> int:
    """Return ``wanted`` if nobody listens there, else any free port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _fresh_signals() -> None:
    # Started from a background shell a child inherits "ignore Ctrl-C", and Dagster then cannot be stopped.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Processes:
    """Child processes with their logs in ``log_dir``; leaving the context ends all of them."""

    log_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Make the place for logs."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_error: object) -> None:
        """Ask every process group to stop, wait, then insist."""
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def start(self, name: str, *arguments: str, answers: bool = False) -> dict[str, Any]:
        """Start ``python -m …``; with ``answers``, wait for and return its JSON line ``{"ready": true, …}``."""
        log: IO[str] = (self.log_dir / f"{name}.log").open("a")
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            text=True,
            start_new_session=True,
            env={**os.environ, **self.environment},
            preexec_fn=_fresh_signals,  # noqa: PLW1509 -- one thread here
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if answers else log,
            stderr=log,
        )
        self.running[name] = process
        if not answers:
            return {}
        assert process.stdout is not None  # noqa: S101 -- PIPE was asked for
        for line in process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        raise TransientError(f"{name} ended before it was ready: see {self.log_dir / name}.log")

    def dead(self) -> list[str]:
        """Name the processes that ended by themselves."""
        return [name for name, process in self.running.items() if process.poll() is not None]


def wait_for(url: str, *, seconds: float = 60.0) -> None:
    """Wait until an address answers without a server error. Raises TransientError when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 -- our own loopback address
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
            last: Exception = error
        except OSError as error:
            last = error
        if time.monotonic() > deadline:
            raise TransientError(f"{url} did not answer within {seconds:.0f} s: {last}")
        time.sleep(0.1)


def post_json(url: str, body: Mapping[str, Any], *, timeout: float = 120.0) -> dict[str, Any]:
    """POST JSON to one of our own loopback processes and return its JSON answer."""
    request = urllib.request.Request(  # noqa: S310 -- our own loopback address
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
        return dict(json.loads(answer.read() or b"{}"))


def get_json(url: str, *, timeout: float = 60.0) -> Any:
    """GET JSON from one of our own loopback processes."""
    with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 -- our own loopback address
        return json.loads(answer.read())
