"""Tables about how an address became a contact's: one-time codes, who tried them, and what a person agreed to."""

import sqlalchemy as sa

from core.store.columns import metadata, text, time

# One-time codes by which a LINE user proves to be a contact; the code itself is nowhere, only its keyed hash.
line_codes = sa.Table(
    "line_codes",
    metadata,
    text("code_hash", primary_key=True),
    text("contact_id"),
    text("source"),  # staff | page: who handed it out
    text("issued_by"),
    sa.Column("shown", sa.JSON, nullable=False),  # what the person read before sending it, by language
    time("issued_at", nullable=False),
    time("expires_at", nullable=False),
    time("redeemed_at"),
    text("line_user_id", nullable=True),  # who redeemed it
    time("revoked_at"),
    sa.Index("ix_line_codes_contact_id", "contact_id"),
)

# Who gave a code, and what came of it: guessing is counted here.
line_tries = sa.Table(
    "line_tries",
    metadata,
    text("event_id", primary_key=True),
    text("line_user_id"),
    text("result"),  # linked | unknown | expired | used
    time("tried_at", nullable=False),
    sa.Index("ix_line_tries_line_user_id", "line_user_id", "tried_at"),
)

# What people said about being written to by a channel, with the proof; append only.
channel_consents = sa.Table(
    "channel_consents",
    metadata,
    text("consent_id", primary_key=True),
    text("contact_id"),
    text("channel"),  # a channel, or "all"
    text("purpose"),  # a purpose, or "all"
    text("state"),  # given | withdrawn
    text("source"),  # line_code, preferences, stop_word, one_click, staff …
    sa.Column("proof", sa.JSON, nullable=False),  # what was shown, and what it came by
    time("said_at", nullable=False),
    time("recorded_at", nullable=False),
    sa.Index("ix_channel_consents_contact_id", "contact_id"),
)
