"""Structured logs, JSON by line, with contact details and tokens masked by the logger itself.

Whatever a process says leaves by one handler: our own lines, those of libraries, warnings, and faults nobody caught.
"""

import logging
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import structlog

from core import traces
from core.privacy import mask_value

_OURS = frozenset({"timestamp", "level", "service"})  # written by us: nothing to mask


def _mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    ours = {key: value for key, value in event.items() if key in _OURS}
    rest = {key: value for key, value in event.items() if key not in _OURS}
    return {**ours, **mask_value(rest)}


def _name_trace(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    # The trace's own id where traces are on, so that a line leads to it; else the id of the request.
    event["trace_id"] = traces.current_id() or event.get("trace_id") or event.get("request_id")
    if event["trace_id"] is None:
        del event["trace_id"]
    return event


def configure_logs(service: str, *, level: int = logging.INFO) -> None:
    """Send this process's logs to standard error as JSON. Call once, at the entry point."""

    def name_service(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {**event, "service": service}  # not by context: threads begin with an empty one

    shared: list[Callable[..., Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        name_service,
        _name_trace,
        structlog.processors.format_exc_info,
    ]
    last: list[Callable[..., Any]] = [_mask, structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in list(logging.root.manager.loggerDict):  # who brought handlers of their own would be heard unmasked
        library = logging.getLogger(name)
        if library.handlers:
            library.handlers.clear()
            library.propagate = True
    logging.captureWarnings(True)  # noqa: FBT003 -- the library's own signature
    _log_what_nobody_caught()


def _log_what_nobody_caught() -> None:
    def of_process(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        get_logger().error("nobody caught this", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            of_process(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook, threading.excepthook = of_process, of_thread


def get_logger() -> Any:
    """Return the process's logger: ``log.info("sent", channel="email", duration_ms=3)``."""
    return structlog.get_logger()
