"""A holiday without a date must be heard of before it is missed: once this business wrote nothing, and nobody knew."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import PermanentError

HOLIDAYS = "marts.holidays"
_ZONE = ZoneInfo("Asia/Bangkok")
_LONGEST_YEAR = 400  # days: from one to the next of a holiday that follows the moon there are 385 at most
_MISSING = """
    select holiday, max(holiday_date)
    from marts.holidays
    group by holiday
    having count(*) filter (holiday_date between ?::date and ?::date + ?::integer) = 0
    order by holiday
"""


def require_dates(connection: Any, tables: Collection[str], now: datetime) -> None:
    """Raise PermanentError naming the holidays that have no date within the coming year (of the moon, 400 days).

    ``tables``: what the campaign's segment reads; one that does not ask about holidays needs none of their dates.
    """
    if HOLIDAYS not in tables:
        return
    today = now.astimezone(_ZONE).date()
    if missing := connection.execute(_MISSING, [today, today, _LONGEST_YEAR]).fetchall():
        named = ", ".join(f"{holiday} (last: {last or 'none'})" for holiday, last in missing)
        raise PermanentError(
            f"no date is known for the coming year of {named}: nothing seasonal goes out before it stands in "
            "warehouse/models/marts/holidays.sql and the models are built"
        )
