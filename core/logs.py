"""Structured logs, JSON by line, with contact details masked by the logger itself."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from core.privacy import mask_text


def _mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: mask_text(value) if isinstance(value, str) else value for key, value in event.items()}


def configure_logs(service: str, *, level: int = logging.INFO) -> None:
    """Send this process's logs to standard error as JSON. Call once, at the entry point."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            structlog.processors.format_exc_info,
            _mask,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def get_logger() -> Any:
    """Return the process's logger: ``log.info("sent", channel="email", duration_ms=3)``."""
    return structlog.get_logger()
