"""Tables of saved reports: every version of what they ask, and each email of each occasion they went out for."""

import sqlalchemy as sa

from core.store.columns import metadata, text, time

report_definitions = sa.Table(
    "report_definitions",
    metadata,
    text("report_id", primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("content", sa.JSON, nullable=False),  # as reports/definition.py reads it
    sa.Column("is_archived", sa.Boolean, nullable=False),
    text("created_by"),  # of version 1: the owner
    time("created_at", nullable=False),
)

# The key is what makes an email go out once: the row is committed before the first byte leaves.
report_deliveries = sa.Table(
    "report_deliveries",
    metadata,
    text("report_id", primary_key=True),
    time("occasion", primary_key=True),  # the slot of the cron, or when somebody asked
    text("address", primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # of the report, and so of what was asked
    text("state"),  # sending | sent | waiting | failed | in_doubt
    text("reason", nullable=True),  # in words, for who reads the report
    time("updated_at", nullable=False),
    sa.Index("ix_report_deliveries_updated_at", "updated_at"),
)
