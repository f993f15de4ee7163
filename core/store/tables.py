"""Tables of the store. Times are UTC; ``updated_at``/``recorded_at`` is what the journal reads by."""

import sqlalchemy as sa

from core.store.columns import BIGINT, metadata, partial, short_time, text, time

# Raw webhooks exactly as they came; one row per distinct delivery (source, dedup_key).
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("inbox_id", BIGINT, primary_key=True, autoincrement=True),
    text("source"),  # whatsapp, line, email, crm, tracking
    text("dedup_key"),  # inbox.dedup_key of the raw body, or the provider's own event id
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    text("state"),  # received (a CRM notice whose rows are not read yet) | applied | rejected
    text("reason", nullable=True),  # why it was rejected
    time("received_at", nullable=False),
    time("applied_at"),
    sa.UniqueConstraint("source", "dedup_key"),
    partial("ix_inbox_not_applied", "state <> 'applied'", "state"),
)

# Provider-neutral facts about messages and people; append only, one row per distinct event.
events = sa.Table(
    "events",
    metadata,
    text("event_id", primary_key=True),  # derived from the provider's own key: a repeat is the same row
    text("message_id", nullable=True),
    text("contact_id", nullable=True),
    text("channel"),
    text("event_type"),
    text("provider_event_type"),
    text("provider_message_id", nullable=True),
    text("address", nullable=True),
    text("link_id", nullable=True),
    text("actor"),
    text("classifier_version", nullable=True),
    sa.Column("detail", sa.JSON, nullable=False),  # user agent, text of a reply, error code …
    sa.Column("inbox_id", BIGINT, nullable=True),
    time("occurred_at", nullable=False),
    time("received_at", nullable=False),
    time("recorded_at", nullable=False),
    sa.Index("ix_events_message_id", "message_id"),
    sa.Index("ix_events_recorded_at", "recorded_at"),
)

# The ledger (outbox): one row per message ever planned.
messages = sa.Table(
    "messages",
    metadata,
    text("message_id", primary_key=True),
    text("campaign_id"),
    text("run_id"),
    text("step"),
    text("variant"),
    text("contact_id"),
    text("company_id", nullable=True),
    text("channel"),
    text("purpose"),
    text("address"),
    text("template_id"),
    sa.Column("template_version", sa.Integer, nullable=False),
    text("language"),
    sa.Column("variables", sa.JSON, nullable=False),  # everything the template may use
    text("subject_type", nullable=True),  # contract, invoice, zone: what it is about
    text("subject_id", nullable=True),
    sa.Column("priority", sa.Integer, nullable=False),  # smaller goes first
    text("status"),
    text("error_class", nullable=True),
    text("error_code", nullable=True),
    text("reason", nullable=True),  # in words, for a marketer
    text("provider_message_id", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    short_time("not_before"),
    short_time("expires_at"),
    text("claimed_by", nullable=True),
    text("batch_id", nullable=True),  # one request's messages, and after the dot how many they are; unknown.0: lost
    short_time("lease_until"),
    sa.Column("cost_amount", sa.Numeric(12, 4), nullable=True),
    text("cost_currency", nullable=True),
    text("snapshot_id", nullable=True),
    text("traceparent", nullable=True),  # W3C trace context of who planned it: the worker's spans go below it
    text("fallback_of", nullable=True),  # the message on another channel that it stands in for
    short_time("planned_at", nullable=False),
    short_time("claimed_at"),
    short_time("accepted_at"),
    short_time("sent_at"),
    short_time("delivered_at"),
    short_time("read_at"),
    short_time("failed_at"),
    short_time("updated_at", nullable=False),
    # Few messages wait, are under way or in doubt at a time: indexes over those alone stay small.
    partial("ix_messages_planned", "status = 'planned'", "channel", "priority", "campaign_id", "planned_at"),
    partial("ix_messages_claimed", "status = 'claimed'", "channel", "claimed_at"),
    partial("ix_messages_in_doubt", "status = 'in_doubt'", "channel", "claimed_at"),
    partial("ix_messages_fallback_of", "fallback_of is not null", "fallback_of", unique=True),
    partial("ix_messages_receipt", "provider_message_id is not null", "provider_message_id"),
    sa.Index("ix_messages_run_id", "run_id"),
    sa.Index("ix_messages_updated_at", "updated_at"),
    sa.Index("ix_messages_address", "address"),
)

campaigns = sa.Table(
    "campaigns",
    metadata,
    text("campaign_id", primary_key=True),
    text("name"),
    text("purpose"),
    sa.Column("definition", sa.JSON, nullable=False),
    sa.Column("definition_version", sa.Integer, nullable=False),
    text("status"),  # draft | checked | approved | scheduled | paused | cancelled; active: a template of the API
    time("created_at", nullable=False),
    time("updated_at", nullable=False),
    text("origin", server_default="playbook"),  # playbook | person | request
    sa.Column("approved_version", sa.Integer, nullable=True),
    text("approved_by", nullable=True),
    time("scheduled_at"),  # slots before it are not caught up
)

# One row per occurrence of a campaign; the unique key is what makes planning twice harmless.
campaign_runs = sa.Table(
    "campaign_runs",
    metadata,
    text("run_id", primary_key=True),
    text("campaign_id"),
    text("occurrence"),  # e.g. the Bangkok date of a daily campaign
    sa.Column("definition_version", sa.Integer, nullable=False),
    text("segment_version"),
    text("policy_version"),
    text("snapshot_id"),
    text("status"),  # deciding | planned
    sa.Column("audience", sa.Integer, nullable=True),
    time("decided_at", nullable=False),
    time("planned_at"),
    time("updated_at", nullable=False),
    sa.Column("parameters", sa.JSON, nullable=True),  # what the policy was told, and the versions of the templates
    sa.UniqueConstraint("campaign_id", "occurrence"),
)

templates = sa.Table(
    "templates",
    metadata,
    text("template_id", primary_key=True),
    text("channel", primary_key=True),
    text("language", primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    text("content_hash"),
    sa.Column("content", sa.JSON, nullable=False),  # subject, text, html, name, parameters …
    text("provider_status"),  # approved | pending | paused | rejected | disabled | missing | mismatched
    text("quality", nullable=True),  # green | yellow | red
    time("created_at", nullable=False),
    time("updated_at", nullable=False),
    text("saved_by", nullable=True),  # who wrote it; null: it came with the product
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    text("suppression_id", primary_key=True),
    text("channel"),  # a channel, or "all"
    text("address", nullable=True),  # normalised; null when the whole contact is meant
    text("contact_id", nullable=True),
    text("purpose"),  # a purpose, or "all"
    text("reason"),
    text("source"),  # one_click, whatsapp_stop, line_unfollow, bounce, crm, person …
    time("created_at", nullable=False),
    time("lifted_at"),
    time("updated_at", nullable=False),
    time("ends_at"),  # of a rest: it is lifted then
    sa.Index("ix_suppressions_address", "channel", "address"),
    sa.Index("ix_suppressions_contact_id", "contact_id"),
)

channel_addresses = sa.Table(
    "channel_addresses",
    metadata,
    text("contact_id", primary_key=True),
    text("channel", primary_key=True),
    text("address", primary_key=True),
    text("state"),  # confirmed | blocked | revoked
    text("source"),
    sa.Column("confidence", sa.Float, nullable=False),
    time("confirmed_at"),
    time("updated_at", nullable=False),
    sa.Index("ix_channel_addresses_address", "channel", "address"),
)

conversations = sa.Table(
    "conversations",
    metadata,
    text("conversation_id", primary_key=True),
    text("contact_id", nullable=True),
    text("channel"),
    text("address"),
    text("status"),  # open | closed
    sa.Column("message_count", sa.Integer, nullable=False),
    time("opened_at", nullable=False),
    time("last_inbound_at"),
    time("last_outbound_at"),
    time("window_open_until"),
    time("updated_at", nullable=False),
    text("last_inbound_id", nullable=True),  # the event that is the person's last message
    time("waiting_since"),  # the first message that our last answer, if any, does not answer
    time("first_answered_at"),
    text("answer_id", nullable=True),  # our last answer in the ledger
    text("department", nullable=True),  # to whom it was handed over: sales, operations, design, finance, support
    time("assigned_at"),
    sa.UniqueConstraint("channel", "address"),
)

# Destinations of tracked links: a redirect goes to a stored one or nowhere.
links = sa.Table(
    "links",
    metadata,
    text("link_id", primary_key=True),
    text("url"),
    time("created_at", nullable=False),
)

# Switches that act between two messages: scope is "all", "channel:line", "campaign:<id>".
holds = sa.Table(
    "holds",
    metadata,
    text("scope", primary_key=True),
    text("reason"),
    text("set_by"),
    time("created_at", nullable=False),
)

# Mail domains we have written to, and since when: how much a day they may get grows from then on.
mail_domains = sa.Table(
    "mail_domains",
    metadata,
    text("domain", primary_key=True),
    time("first_sent_at", nullable=False),
)

# A lane is one provider account, owned by one worker at a time.
lanes = sa.Table(
    "lanes",
    metadata,
    text("channel", primary_key=True),
    text("owner"),  # empty: nobody
    sa.Column("epoch", sa.Integer, nullable=False),
    time("lease_until", nullable=False),
    time("next_at"),  # when the provider's rate lets the next message pass
    time("paused_until"),  # the provider asked us to wait, or does not answer
    text("pause_reason", nullable=True),  # in words, for a marketer
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # in a row, without an answer
    time("updated_at"),
)

users = sa.Table(
    "users",
    metadata,
    text("user_id", primary_key=True),
    text("username", unique=True),
    text("role"),  # viewer | analyst | marketer | admin
    time("created_at", nullable=False),
    time("updated_at", nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("audit_id", BIGINT, primary_key=True, autoincrement=True),
    text("actor"),
    text("action"),
    text("target"),
    sa.Column("detail", sa.JSON, nullable=False),
    time("recorded_at", nullable=False),
)

# Notes that the CRM has, or may have, from us: "telling" is written before the request and cleared by its answer.
crm_notes = sa.Table(
    "crm_notes",
    metadata,
    text("feedback_id", primary_key=True),
    text("state"),  # telling | told | refused
    text("note_id", nullable=True),  # the CRM's
    text("reason", nullable=True),
    time("updated_at", nullable=False),
)

# Definitions of segments that people edit: every version.
segment_definitions = sa.Table(
    "segment_definitions",
    metadata,
    text("segment_id", primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    text("content_hash"),
    sa.Column("content", sa.JSON, nullable=False),  # the rule tree, as campaigns/rules reads it
    text("created_by"),
    time("created_at", nullable=False),
)
