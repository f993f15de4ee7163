"""Tables of what was decided by: every version of a campaign's definition and of the policy, for replays."""

import sqlalchemy as sa

from core.store.columns import metadata, text, time

campaign_definitions = sa.Table(
    "campaign_definitions",
    metadata,
    text("campaign_id", primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("content", sa.JSON, nullable=False),
    text("created_by"),  # who approves must not be among them; of playbooks: playbook
    time("created_at", nullable=False),
)

policy_versions = sa.Table(
    "policy_versions",
    metadata,
    text("policy_version", primary_key=True),
    sa.Column("content", sa.JSON, nullable=False),  # the SQL of audience, stop conditions and every rule
    time("created_at", nullable=False),
)
