"""What people wrote, judged once a version: ``raw.journal__judgements`` follows the events of the same load."""

from datetime import datetime
from pathlib import Path
from typing import Any

from core.lake import Lake
from pipelines import existing, judging
from pipelines.profiles import arrow_table, load_tables, pipeline_for

TABLE = "journal__judgements"
COLUMNS = {
    "event_id": "text",
    "channel": "text",
    "address": "text",
    "contact_id": "text",
    "occurred_at": "time",
    "sentiment": "text",
    "confidence": "float",
    "urgency": "text",
    "department": "text",
    "classifier_version": "text",
    "judged_at": "time",
}
KEY = ("event_id",)
_MOST = 50_000  # a load; a new version judges old messages over some loads


def judge_new(*, data_dir: Path, warehouse_path: Path | Lake, warehouse_key: str, now: datetime) -> int:
    """Judge what no judgement of this version is there for, the newest first; returns how many messages."""
    with existing.look(warehouse_path, warehouse_key) as held:
        rows = held.unjudged(TABLE, judging.VERSION, _MOST)
        tables = held.worth_loading({TABLE: arrow_table([_row(row, now) for row in rows], COLUMNS)})
    if tables:
        with pipeline_for("journal", data_dir=data_dir, warehouse_path=warehouse_path, key=warehouse_key) as pipeline:
            load_tables(pipeline, tables, {TABLE: KEY})
    return len(rows)


def _row(written: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        **{name: written[name] for name in written if name != "text"},
        **judging.judge(written["text"])._asdict(),
        "classifier_version": judging.VERSION,
        "judged_at": now,
    }
