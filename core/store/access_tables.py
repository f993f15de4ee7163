"""Tables about who uses the API: machines, how often anybody asks, and which messages were asked for."""

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

# Messages that were asked for one by one, and what was decided: a repeat of the same wish finds its row.
transactional_sends = sa.Table(
    "transactional_sends",
    metadata,
    text("send_id", primary_key=True),  # derived from caller and Idempotency-Key, which may itself be a contact detail
    text("wish_hash"),  # sha256 of what was asked for: the same key with another wish is refused
    text("caller"),
    text("campaign_id"),  # the template's: it can be held like a campaign
    text("run_id"),
    text("step"),
    text("contact_id"),
    text("company_id"),
    text("subject_type"),
    text("subject_id"),
    text("outcome"),
    text("reason"),
    text("channel", nullable=True),
    text("message_id", nullable=True),
    text("snapshot_id"),
    time("decided_at", nullable=False),
    time("updated_at", nullable=False),
    sa.Index("ix_transactional_sends_updated_at", "updated_at"),
)
