"""Metrics for Prometheus: what this process counts, kept in files so that one gateway shows all processes of its host.

A process takes a slot (``worker-0``) for as long as it lives, and goes on counting where the slot's last holder ended:
numbers never fall, and there are as many files as processes ever ran at once.
"""

import fcntl
import os
from collections.abc import Iterable
from functools import cache
from itertools import count
from pathlib import Path
from typing import IO

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core.errors import PermanentError

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the library looks
_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_LONG = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)


class Meters:
    """Everything that is counted. Labels hold our own words only: channels, routes, outcomes."""

    def __init__(self) -> None:
        """Make the metrics, in a registry of their own."""
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"bma_{name}", text, labels, registry=self.registry)

        def histogram(name: str, text: str, label: str, buckets: tuple[float, ...] = _QUICK) -> Histogram:
            return Histogram(f"bma_{name}", text, [label], registry=self.registry, buckets=buckets)

        self.deliveries = counter("deliveries", "Webhooks by what became of them.", "source", "result")
        self.delivery_seconds = histogram(
            "delivery_seconds", "From a webhook's arrival to its durable answer.", "source"
        )
        self.events = counter("events", "Events recorded, repeats left out.", "channel", "event_type")
        self.requests = counter("requests", "Requests of the API.", "method", "route", "status")
        self.request_seconds = histogram("request_seconds", "From a request's arrival to its answer.", "route")
        self.decisions = counter("decisions", "Contacts decided about.", "campaign", "outcome")
        self.sends = counter("sends", "Messages by what came of handing them over.", "channel", "result")
        self.send_seconds = histogram(
            "send_seconds", "How long a provider takes to answer, of up to 50 requests a second.", "channel"
        )
        self.lane_pauses = counter("lane_pauses", "How often a lane stopped for its provider.", "channel")
        self.run_steps = counter("run_steps", "What Dagster runs did, by how it ended.", "action", "result")
        self.run_step_seconds = histogram("run_step_seconds", "How long an action of a run takes.", "action", _LONG)


@cache
def meters() -> Meters:
    """Return this process's metrics, made at the first call."""
    return Meters()


class _Slot:
    """The name under which a process keeps its numbers; a child that was forked off takes one of its own."""

    def __init__(self, folder: Path, service: str) -> None:
        self._folder, self._service = folder, service
        self._held: IO[str] | None = None
        self._pid = 0
        self._name = ""

    def __call__(self) -> str:
        if self._pid != os.getpid():
            self._take()
        return self._name

    def _take(self) -> None:
        for number in count():
            name = f"{self._service}-{number}"
            held = (self._folder / f"{name}.lock").open("w")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.close()
                continue
            self._held, self._pid, self._name = held, os.getpid(), name  # held until the process ends
            return


def share(folder: Path, service: str) -> None:
    """Keep this process's numbers in ``folder`` from now on. Call once, at the entry point, before anything counts."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[_FOLDER] = str(folder)
    values.ValueClass = values.MultiProcessValue(_Slot(folder, service))  # type: ignore[no-untyped-call]
    meters.cache_clear()
    meters()


def serve(address: str) -> None:
    """Show the numbers of this host's processes at ``host:port``, where no gateway does; an empty one shows nothing.

    Raises PermanentError when it is no such address, or somebody has it already.
    """
    if not address:
        return
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    try:
        start_http_server(int(port), host.strip("[]"), registry)
    except (ValueError, OverflowError) as error:
        raise PermanentError(f"BMA_METRICS_ADDRESS {address!r}: write host:port, e.g. 127.0.0.1:9464") from error
    except OSError as error:
        raise PermanentError(f"BMA_METRICS_ADDRESS {address}: {error.strerror}: take another port") from error


def exposition(more: Iterable[Collector] = ()) -> bytes:
    """Return the numbers of all processes that share a folder with this one, and what ``more`` collects, as text."""
    registry = CollectorRegistry()
    if os.environ.get(_FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for collector in more:
        registry.register(collector)
    alone = b"" if os.environ.get(_FOLDER) else generate_latest(meters().registry)
    return alone + generate_latest(registry)
