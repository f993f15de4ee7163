"""Tables of the store. Times are UTC; ``updated_at``/``recorded_at`` is what the journal reads by."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store.times import UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_BIGINT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, **options: Any) -> sa.Column[str]:
    options.setdefault("nullable", False)
    return sa.Column(name, sa.Text, **options)


def _time(name: str, **options: Any) -> sa.Column[datetime]:
    return sa.Column(name, UtcDateTime, **options)


def _partial(name: str, where: str, *columns: str) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


# Raw webhooks exactly as they came; one row per distinct delivery (source, dedup_key).
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("inbox_id", _BIGINT, primary_key=True, autoincrement=True),
    _text("source"),  # whatsapp, line, email, crm, tracking
    _text("dedup_key"),  # sha256 of the raw body, or the provider's own event id
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    _text("state"),  # received | applied | rejected
    _text("reason", nullable=True),  # why it was rejected
    _time("received_at", nullable=False),
    _time("applied_at"),
    sa.UniqueConstraint("source", "dedup_key"),
    sa.Index("ix_inbox_state", "state"),
)

# Provider-neutral facts about messages and people; append only, one row per distinct event.
events = sa.Table(
    "events",
    metadata,
    _text("event_id", primary_key=True),  # derived from the provider's own key: a repeat is the same row
    _text("message_id", nullable=True),
    _text("contact_id", nullable=True),
    _text("channel"),
    _text("event_type"),
    _text("provider_event_type"),
    _text("provider_message_id", nullable=True),
    _text("address", nullable=True),
    _text("link_id", nullable=True),
    _text("actor"),
    _text("classifier_version", nullable=True),
    sa.Column("detail", sa.JSON, nullable=False),  # user agent, text of a reply, error code …
    sa.Column("inbox_id", _BIGINT, nullable=True),
    _time("occurred_at", nullable=False),
    _time("received_at", nullable=False),
    _time("recorded_at", nullable=False),
    sa.Index("ix_events_message_id", "message_id"),
    sa.Index("ix_events_recorded_at", "recorded_at"),
)

# The ledger (outbox): one row per message ever planned.
messages = sa.Table(
    "messages",
    metadata,
    _text("message_id", primary_key=True),
    _text("campaign_id"),
    _text("run_id"),
    _text("step"),
    _text("variant"),
    _text("contact_id"),
    _text("company_id", nullable=True),
    _text("channel"),
    _text("purpose"),
    _text("address"),
    _text("template_id"),
    sa.Column("template_version", sa.Integer, nullable=False),
    _text("language"),
    sa.Column("variables", sa.JSON, nullable=False),  # everything the template may use
    _text("subject_type", nullable=True),  # contract, invoice, zone: what it is about
    _text("subject_id", nullable=True),
    sa.Column("priority", sa.Integer, nullable=False),  # smaller goes first
    _text("status"),
    _text("error_class", nullable=True),
    _text("error_code", nullable=True),
    _text("reason", nullable=True),  # in words, for a marketer
    _text("provider_message_id", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    _time("not_before"),
    _time("expires_at"),
    _text("claimed_by", nullable=True),
    _text("batch_id", nullable=True),  # one request's messages, and after the dot how many they are
    _time("lease_until"),
    sa.Column("cost_amount", sa.Numeric(12, 4), nullable=True),
    _text("cost_currency", nullable=True),
    _text("snapshot_id", nullable=True),
    _time("planned_at", nullable=False),
    _time("claimed_at"),
    _time("accepted_at"),
    _time("sent_at"),
    _time("delivered_at"),
    _time("read_at"),
    _time("failed_at"),
    _time("updated_at", nullable=False),
    # Few messages wait, are under way or in doubt at a time: indexes over those alone stay small.
    _partial("ix_messages_planned", "status = 'planned'", "channel", "priority", "campaign_id", "planned_at"),
    _partial("ix_messages_claimed", "status = 'claimed'", "channel", "claimed_at"),
    _partial("ix_messages_in_doubt", "status = 'in_doubt'", "channel", "claimed_at"),
    _partial("ix_messages_receipt", "provider_message_id is not null", "provider_message_id"),
    sa.Index("ix_messages_run_id", "run_id"),
    sa.Index("ix_messages_updated_at", "updated_at"),
    sa.Index("ix_messages_address", "channel", "address"),
)

campaigns = sa.Table(
    "campaigns",
    metadata,
    _text("campaign_id", primary_key=True),
    _text("name"),
    _text("purpose"),
    sa.Column("definition", sa.JSON, nullable=False),
    sa.Column("definition_version", sa.Integer, nullable=False),
    _text("status"),  # active | paused | cancelled
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
)

# One row per occurrence of a campaign; the unique key is what makes planning twice harmless.
campaign_runs = sa.Table(
    "campaign_runs",
    metadata,
    _text("run_id", primary_key=True),
    _text("campaign_id"),
    _text("occurrence"),  # e.g. the Bangkok date of a daily campaign
    sa.Column("definition_version", sa.Integer, nullable=False),
    _text("segment_version"),
    _text("policy_version"),
    _text("snapshot_id"),
    _text("status"),  # deciding | planned
    sa.Column("audience", sa.Integer, nullable=True),
    _time("decided_at", nullable=False),
    _time("planned_at"),
    _time("updated_at", nullable=False),
    sa.UniqueConstraint("campaign_id", "occurrence"),
)

templates = sa.Table(
    "templates",
    metadata,
    _text("template_id", primary_key=True),
    _text("channel", primary_key=True),
    _text("language", primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    _text("content_hash"),
    sa.Column("content", sa.JSON, nullable=False),  # subject, text, html, name, parameters …
    _text("provider_status"),  # approved | pending | paused | rejected | disabled
    _text("quality", nullable=True),  # green | yellow | red
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    _text("suppression_id", primary_key=True),
    _text("channel"),  # a channel, or "all"
    _text("address", nullable=True),  # normalised; null when the whole contact is meant
    _text("contact_id", nullable=True),
    _text("purpose"),  # a purpose, or "all"
    _text("reason"),
    _text("source"),  # one_click, whatsapp_stop, line_unfollow, bounce, crm, person …
    _time("created_at", nullable=False),
    _time("lifted_at"),
    _time("updated_at", nullable=False),
    sa.Index("ix_suppressions_address", "channel", "address"),
    sa.Index("ix_suppressions_contact_id", "contact_id"),
)

channel_addresses = sa.Table(
    "channel_addresses",
    metadata,
    _text("contact_id", primary_key=True),
    _text("channel", primary_key=True),
    _text("address", primary_key=True),
    _text("state"),  # confirmed | unconfirmed | blocked
    _text("source"),
    sa.Column("confidence", sa.Float, nullable=False),
    _time("confirmed_at"),
    _time("updated_at", nullable=False),
    sa.Index("ix_channel_addresses_address", "channel", "address"),
)

# One-time codes by which a LINE user proves to be a contact.
line_codes = sa.Table(
    "line_codes",
    metadata,
    _text("code", primary_key=True),
    _text("contact_id"),
    _time("issued_at", nullable=False),
    _time("redeemed_at"),
)

conversations = sa.Table(
    "conversations",
    metadata,
    _text("conversation_id", primary_key=True),
    _text("contact_id", nullable=True),
    _text("channel"),
    _text("address"),
    _text("status"),  # open | closed
    sa.Column("message_count", sa.Integer, nullable=False),
    _time("opened_at", nullable=False),
    _time("last_inbound_at"),
    _time("last_outbound_at"),
    _time("window_open_until"),
    _time("updated_at", nullable=False),
    sa.UniqueConstraint("channel", "address"),
)

# Destinations of tracked links: a redirect goes to a stored one or nowhere.
links = sa.Table(
    "links",
    metadata,
    _text("link_id", primary_key=True),
    _text("url"),
    _time("created_at", nullable=False),
)

# Switches that act between two messages: scope is "all", "channel:line", "campaign:<id>".
holds = sa.Table(
    "holds",
    metadata,
    _text("scope", primary_key=True),
    _text("reason"),
    _text("set_by"),
    _time("created_at", nullable=False),
)

# Mail domains we have written to, and since when: how much a day they may get grows from then on.
mail_domains = sa.Table(
    "mail_domains",
    metadata,
    _text("domain", primary_key=True),
    _time("first_sent_at", nullable=False),
)

# A lane is one provider account, owned by one worker at a time.
lanes = sa.Table(
    "lanes",
    metadata,
    _text("channel", primary_key=True),
    _text("owner"),  # empty: nobody
    sa.Column("epoch", sa.Integer, nullable=False),
    _time("lease_until", nullable=False),
    _time("next_at"),  # when the provider's rate lets the next message pass
    _time("paused_until"),  # the provider asked us to wait, or does not answer
    _text("pause_reason", nullable=True),  # in words, for a marketer
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # in a row, without an answer
    _time("updated_at"),
)

users = sa.Table(
    "users",
    metadata,
    _text("user_id", primary_key=True),
    _text("username", unique=True),
    _text("role"),  # viewer | analyst | marketer | admin
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("audit_id", _BIGINT, primary_key=True, autoincrement=True),
    _text("actor"),
    _text("action"),
    _text("target"),
    sa.Column("detail", sa.JSON, nullable=False),
    _time("recorded_at", nullable=False),
)
