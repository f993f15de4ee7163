"""Faults of ours, told to Sentry where its DSN is set: with our masking, and nothing about people or requests."""

from collections.abc import Callable
from typing import Any

from core.privacy import mask_value

_NEVER = ("request", "user", "server_name", "modules")


class _Reporting:
    """What takes a fault; none while reporting is off."""

    capture: Callable[[BaseException], object] | None = None


def start(dsn: str, service: str) -> None:
    """Report this process's faults from now on; without a DSN (``BMA_SENTRY_DSN``) nothing is reported."""
    if not dsn:
        return
    import sentry_sdk  # slow to import, and most installations do not report

    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_enabling_integrations=False,
        before_send=_masked,  # type: ignore[arg-type]
        server_name=service,
        shutdown_timeout=2,
    )
    sentry_sdk.set_tag("service", service)
    _Reporting.capture = sentry_sdk.capture_exception


def report(error: BaseException) -> None:
    """Tell about a fault that is handled here; nothing happens while reporting is off."""
    if _Reporting.capture is not None:
        _Reporting.capture(error)


def _masked(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in event.items() if key not in _NEVER}
    # What Sentry itself reads stays as it is: masking would take its ids and numbers for telephone numbers.
    kept = {key: found.pop(key) for key in ("event_id", "timestamp", "level", "platform", "sdk") if key in found}
    return {**mask_value(found, depth=-8), **kept}
