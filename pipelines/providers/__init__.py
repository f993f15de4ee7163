"""The providers' own counts of what they took from us, loaded beside ours so that the two can be compared."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from core.errors import HouseError
from core.logs import get_logger
from core.settings import Settings
from pipelines.profiles import arrow_table, load_tables, pipeline_for
from pipelines.providers import line, whatsapp
from pipelines.providers.client import CounterClient
from pipelines.providers.tables import KEYS, QUOTAS, TABLES, TOTALS, Counted


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a load came to: rows per raw table, what became of each channel in words, errors by channel, seconds."""

    rows: dict[str, int]
    channels: dict[str, str]
    failures: dict[str, HouseError] = field(default_factory=dict)
    seconds: float


def load(
    settings: Settings,
    *,
    now: datetime,
    days: int = 7,
    transport: httpx.BaseTransport | None = None,
    timeout: float = 30.0,
    retry_seconds: float = 60.0,
) -> LoadReport:
    """Load the last ``days`` whole days of every open channel into ``raw.providers__*``.

    A closed channel is left out and said so. One provider's failure keeps no other's counts out: it is in
    ``failures`` (PermanentError or TransientError), and its last good counts stay. Raises PermanentError or
    TransientError when the warehouse takes nothing.
    """
    started = time.perf_counter()
    found, channels, failures = _ask_all(
        settings, now, days, {"transport": transport, "timeout": timeout, "retry_seconds": retry_seconds}
    )
    rows = {TOTALS: found.totals, QUOTAS: found.quotas}
    stamped = {name: [{**row, "_loaded_at": now} for row in some] for name, some in rows.items()}
    tables = {name: arrow_table(some, TABLES[name]) for name, some in stamped.items() if some}
    if tables:
        with pipeline_for(
            "providers",
            data_dir=settings.data_dir,
            warehouse_path=settings.warehouse_path,
            key=settings.warehouse_key.get_secret_value(),
        ) as pipeline:
            load_tables(pipeline, tables, KEYS)
    return LoadReport(
        rows={name: len(some) for name, some in rows.items()},
        channels=channels,
        failures=failures,
        seconds=round(time.perf_counter() - started, 3),
    )


def _ask_all(
    settings: Settings, now: datetime, days: int, options: dict[str, Any]
) -> tuple[Counted, dict[str, str], dict[str, HouseError]]:
    channels: dict[str, str] = {"email": "has no counters: a mail relay tells no totals"}
    failures: dict[str, HouseError] = {}
    counted = Counted([], [])
    for channel, closed_by, ask in (
        (whatsapp.CHANNEL, whatsapp.closed_by(settings), _whatsapp),
        (line.CHANNEL, "" if settings.line_token.get_secret_value() else "BMA_LINE_TOKEN", _line),
    ):
        if closed_by:
            channels[channel] = f"closed: set {closed_by} to open it"
            continue
        try:
            found = ask(settings, now, days, options)
        except HouseError as error:
            failures[channel] = error
            channels[channel] = f"failed: {error}"
            get_logger().error("provider_counts_failed", channel=channel, reason=str(error))
            continue
        counted.totals.extend(found.totals)
        counted.quotas.extend(found.quotas)
        channels[channel] = f"loaded: {len(found.totals)} daily counts"
    return counted, channels, failures


def _whatsapp(settings: Settings, now: datetime, days: int, options: dict[str, Any]) -> Counted:
    token = settings.whatsapp_token.get_secret_value()
    with CounterClient(
        name="WhatsApp", url=settings.whatsapp_url, token=token, refusal=whatsapp.refusal, **options
    ) as client:
        return whatsapp.read(client, account_id=settings.whatsapp_business_account_id, now=now, days=days)


def _line(settings: Settings, now: datetime, days: int, options: dict[str, Any]) -> Counted:
    token = settings.line_token.get_secret_value()
    with CounterClient(name="LINE", url=settings.line_url, token=token, refusal=line.refusal, **options) as client:
        return line.read(client, now=now, days=days)
