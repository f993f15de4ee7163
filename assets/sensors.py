"""What runs because something happened: news in the store or the CRM refreshes the marts within a minute."""

import dagster as dg
import sqlalchemy as sa

from assets.raw import CRM
from assets.resources import Installation
from assets.schedules import refresh
from core.store.tables import events, messages


@dg.sensor(job=refresh, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def store_news(context: dg.SensorEvaluationContext, installation: Installation) -> dg.RunRequest | dg.SkipReason:
    """Ask for a refresh when the store has recorded an event or moved a message, or the CRM's follower loaded rows."""
    with installation.steps.store.connect() as connection:
        latest = [
            connection.execute(sa.select(sa.func.max(column))).scalar()
            for column in (events.c.recorded_at, messages.c.updated_at)
        ]
    loaded = context.instance.get_latest_materialization_event(CRM.key)
    followed = "" if loaded is None else f"{loaded.timestamp:.6f}"
    cursor = "|".join([*("" if at is None else at.isoformat() for at in latest), followed])
    if cursor in {context.cursor, "||"}:
        return dg.SkipReason("nothing new in the store or the CRM")
    context.update_cursor(cursor)
    return dg.RunRequest(run_key=cursor)
