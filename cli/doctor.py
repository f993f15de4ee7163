"""What is set up, what is closed, what is stale: the first thing to run when something looks wrong."""

import shutil
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from assets.steps import MOST_APART, Steps
from core.errors import PermanentError, SettingsError, TransientError
from core.lake import Lake
from core.store import campaigns, inbox, outbox
from core.store.times import seconds_apart
from warehouse import lake, publish

_SECRETS = {
    "whatsapp": ("whatsapp_token", "whatsapp_app_secret"),
    "line": ("line_token", "line_channel_secret"),
    "email": ("smtp_host", "smtp_from"),
    "links": ("link_secret",),
    "crm": ("crm_username", "crm_password"),
    "api": ("jwt_secret",),
}
_LEAST_FREE = 200_000_000  # bytes


def examine(steps: Steps) -> dict[str, Any]:
    """Return what is open, what is closed and by which setting, and the problems found."""
    closed = {}
    for door, names in _SECRETS.items():
        missing = [f"BMA_{name.upper()}" for name in names if not _is_set(getattr(steps.settings, name))]
        if missing:
            closed[door] = f"set {' and '.join(missing)} to open it"
    problems = []
    counts: dict[str, int] = {}
    holds: dict[str, str] = {}
    kept: dict[str, int] = {}
    try:
        with steps.store.connect() as connection:
            counts = outbox.counts(connection)
            holds = campaigns.standing_holds(connection)
            kept = inbox.count(connection, "rejected")
            apart = seconds_apart(connection, steps.clock())
        if apart > MOST_APART:
            problems.append(f"this host's clock and the database's are {apart:.0f} s apart: set them by NTP")
    except SQLAlchemyError as error:
        problems.append(f"the store does not answer: {error}")
    if "all" in holds:
        problems.append(f"nothing is sent, everything is held: {holds['all']}; `bma hold lift all` ends it")
    if counts.get("in_doubt"):
        problems.append(f"{counts['in_doubt']} messages are in doubt: see `bma doubt list`, or Data health")
    for source, number in sorted(kept.items()):
        problems.append(
            f"{number} {source} deliveries are not understood: see `bma inbox list`, then `bma inbox replay`"
        )
    newest = publish.newest(steps.settings.serve_dir)
    problems += _disk_problems(steps) + _lake_problems(steps) + _copy_problems(steps, newest)
    return {
        "open": sorted(set(_SECRETS) - set(closed)),
        "closed": closed,
        "messages": counts,
        "holds": holds,
        "published_at": newest.published_at if newest else None,
        "problems": problems,
    }


def _disk_problems(steps: Steps) -> list[str]:
    """A store that is full can be read, so nothing but this and the logs would say why nothing is sent."""
    folder = steps.settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return [f"the disk of {steps.settings.data_dir} has {free / 1e6:.0f} MB left"] if free < _LEAST_FREE else []


def _lake_problems(steps: Steps) -> list[str]:
    """Say which part of a lake does not answer; none where the warehouse is a file."""
    try:
        where = steps.settings.warehouse_path
    except SettingsError as error:
        return [str(error)]
    return lake.problems(where) if isinstance(where, Lake) else []


def _copy_problems(steps: Steps, newest: publish.Version | None) -> list[str]:
    """Say why readers see nothing: nothing is published, or its key is another."""
    if newest is None:
        return ["nothing is published: run `bma sync crm`, `bma sync journal`, `bma build`, `bma publish`"]
    try:
        for path in (newest.path, newest.masked_path):
            publish.open_published(path, steps.warehouse_key).close()
    except (PermanentError, TransientError) as error:
        return [f"the published copy does not open: {error}"]
    return []


def _is_set(value: Any) -> bool:
    return bool(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
