"""Tables about who uses the API: machines, and how often anybody asks."""

import sqlalchemy as sa

from core.store.columns import metadata, text, time

# Machines that use the API. A token's secret half is kept as its SHA-256 only: it is random, so that is enough.
service_tokens = sa.Table(
    "service_tokens",
    metadata,
    text("token_id", primary_key=True),
    text("name"),
    text("role"),
    text("secret_sha256"),
    time("created_at", nullable=False),
    time("last_used_at"),
    time("revoked_at"),
)

# How often somebody asked in a minute, counted over all gateway processes.
request_counts = sa.Table(
    "request_counts",
    metadata,
    text("caller", primary_key=True),
    time("minute", primary_key=True),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Index("ix_request_counts_minute", "minute"),
)
