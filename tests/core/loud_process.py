"""A process that logs contact details and tokens by every way a log line can take: run by ``test_logs``."""

import asyncio
import json
import logging
import sys
import threading
import warnings
from dataclasses import dataclass

import structlog

from core.logs import configure_logs, get_logger


@dataclass
class Person:
    """Shown by its repr."""

    detail: str


async def _fail_in_a_task(detail: str) -> None:
    async def fail() -> None:
        raise ValueError(f"in a task: {detail}")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task  # never awaited: asyncio says so by its own logger


def say(detail: str) -> None:
    """Log one detail by every way but a fault that ends the process."""
    log = get_logger()
    text = f"to {detail} today"
    log.info(text, recipient=detail, nested={"deep": [{"er": detail}], detail: "as a key"})
    log.warning("odd kinds", raw=detail.encode(), person=Person(detail), many={detail}, error=ValueError(detail))
    with structlog.contextvars.bound_contextvars(user_id=detail, request_id=detail):
        log.error("bound to the context")
    try:
        _fail(detail)
    except RuntimeError:
        log.exception("caught")
        logging.getLogger("sqlalchemy").exception("a library caught %s", detail)
    logging.getLogger("uvicorn.error").error("a library says %s of %r", detail, {"x": detail})
    logging.getLogger("aiohttp.client").warning("with more", extra={"recipient": detail})
    logging.getLogger("brings.its.own").error("by a handler of its own: %s", detail)
    warnings.warn(f"a warning about {detail}", stacklevel=1)
    thread = threading.Thread(target=_fail, args=(detail,))
    thread.start()
    thread.join()
    asyncio.run(_fail_in_a_task(detail))


def _fail(detail: str) -> None:
    raise RuntimeError(f"in a thread: {detail}")


if __name__ == "__main__":
    library = logging.getLogger("brings.its.own")
    library.addHandler(logging.StreamHandler(sys.stderr))
    library.propagate = False
    configure_logs("loud")
    details = json.loads(sys.argv[1])
    for each in details:
        say(each)
    raise RuntimeError("nobody catches " + " ".join(details))
