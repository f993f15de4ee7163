"""Campaigns have a life from draft to done; what a run was decided by is kept."""

import sqlalchemy as sa
from alembic import op

from core.store.definition_tables import campaign_definitions, policy_versions
from core.store.inbox import insert_ignore
from core.store.tables import campaign_runs, campaigns

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add what an older store lacks; a new one has it already. Playbooks that were active are scheduled."""
    connection = op.get_bind()
    campaign_definitions.create(connection, checkfirst=True)
    policy_versions.create(connection, checkfirst=True)
    for table, names in (
        (campaigns, ("origin", "approved_version", "approved_by", "scheduled_at")),
        (campaign_runs, ("parameters",)),
    ):
        known = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
        for name in names:
            if name not in known:
                column = table.c[name]
                added = sa.Column(name, column.type, nullable=column.nullable, server_default=column.server_default)
                op.add_column(table.name, added)
    found = connection.execute(sa.select(campaigns)).mappings().all()
    for row in found:
        is_playbook = "cron" in row["definition"]
        here = campaigns.c.campaign_id == row["campaign_id"]
        changes = {"origin": "playbook", "status": "scheduled"} if is_playbook else {"origin": "request"}
        if row["status"] == "active":
            connection.execute(sa.update(campaigns).where(here).values(changes))
        connection.execute(
            insert_ignore(connection, campaign_definitions).values(
                campaign_id=row["campaign_id"],
                version=row["definition_version"],
                content=row["definition"],
                created_by=changes["origin"],
                created_at=row["updated_at"],
            )
        )
