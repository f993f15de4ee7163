"""Reports are saved, and it is written down to whom each occasion went."""

from alembic import op

from core.store.report_tables import report_definitions, report_deliveries

revision = "0013"
down_revision = "0011"


def upgrade() -> None:
    """Add what an older store lacks; a new one has it already."""
    for table in (report_definitions, report_deliveries):
        table.create(op.get_bind(), checkfirst=True)
