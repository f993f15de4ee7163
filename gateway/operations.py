"""For operators: is the process alive, is it ready, and what is there to count."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core import metrics
from core.logs import get_logger
from core.store.engine import reading
from core.store.waiting import count_waiting
from warehouse import publish


async def alive(_request: Request) -> Response:
    """Say that the process answers."""
    return PlainTextResponse("OK")


def _answers(engine: sa.Engine) -> bool:
    try:
        with reading(engine) as connection:
            connection.execute(sa.text("select 1"))
    except SQLAlchemyError:
        return False
    return True


async def ready(request: Request) -> Response:
    """Say whether a webhook sent now would be stored."""
    state = request.app.state
    found = {
        "store": "ok" if await run_in_threadpool(_answers, state.engine) else "does not answer",
        "intake": "ok" if state.intake.is_running else "does not run",
    }
    return JSONResponse(found, 200 if set(found.values()) == {"ok"} else 503)


class StoreNumbers(Collector):
    """What the store and the published copy are like at the moment of asking; no process needs to keep count."""

    def __init__(self, engine: sa.Engine, serve_dir: Path, clock: Callable[[], datetime]) -> None:
        self._engine, self._serve_dir, self._clock = engine, serve_dir, clock

    def collect(self) -> Iterator[Metric]:
        """Ask the store, cheaply: only what waits is counted."""
        now = self._clock()
        with reading(self._engine) as connection:
            state = count_waiting(connection, now)
        messages = GaugeMetricFamily("bma_messages", "Messages under way.", labels=["channel", "status"])
        oldest = GaugeMetricFamily("bma_oldest_due_seconds", "Age of the oldest message due.", labels=["channel"])
        inbox = GaugeMetricFamily("bma_inbox", "Deliveries kept for later.", labels=["source", "state"])
        holds = GaugeMetricFamily("bma_holds", "Switches that hold sending.")
        for channel, status, number in state.messages:
            messages.add_metric([channel, status], number)
        for channel, seconds in state.oldest_due:
            oldest.add_metric([channel], seconds)
        for source, kind, number in state.inbox:
            inbox.add_metric([source, kind], number)
        holds.add_metric([], state.holds)
        yield from (messages, oldest, inbox, holds)
        if (version := publish.newest(self._serve_dir)) is not None:
            age = GaugeMetricFamily("bma_published_age_seconds", "Age of the copy that readers have.")
            age.add_metric([], (now - version.published_at).total_seconds())
            yield age


async def show_metrics(request: Request) -> Response:
    """Return the numbers of every process of this host, and the store's."""
    state = request.app.state
    numbers = StoreNumbers(state.engine, state.serve_dir, state.clock)

    def collected() -> bytes:
        try:
            return metrics.exposition([numbers])
        except SQLAlchemyError as error:
            get_logger().error("the store does not answer: its numbers are left out", error=type(error).__name__)
            return metrics.exposition()

    return Response(await run_in_threadpool(collected), media_type=CONTENT_TYPE_LATEST)


def operations() -> list[Route]:
    """Return the routes."""
    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", show_metrics)]
