"""The event loop that sends: uvloop's, which takes a tenth less CPU a message than asyncio's own, where it is built."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

try:
    from uvloop import new_event_loop
except ImportError:  # it is not built for Windows
    from asyncio import new_event_loop  # type: ignore[assignment]  # of a wider type

Found = TypeVar("Found")


def run(work: Coroutine[Any, Any, Found]) -> Found:
    """Run a coroutine to its end, as ``asyncio.run`` does."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
