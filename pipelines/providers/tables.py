"""The raw tables of the providers' own counts: the only list of their columns."""

from typing import Any, NamedTuple

TOTALS = "providers__daily_totals"
QUOTAS = "providers__quotas"

TABLES: dict[str, dict[str, str]] = {
    TOTALS: {
        "channel": "text",
        "counter": "text",  # push, multicast or template
        "template_name": "text",  # empty where the counter knows no templates
        "starts_at": "time",  # the provider's own day, exactly
        "ends_at": "time",
        "status": "text",  # ready, unready, out_of_service, unavailable_for_privacy
        "sent": "int",  # null unless ready
        "delivered": "int",
        "read": "int",
        "_loaded_at": "time",
    },
    QUOTAS: {
        "channel": "text",
        "month": "date",
        "quota": "int",  # null: no limit
        "used": "int",
        "_loaded_at": "time",
    },
}
KEYS: dict[str, tuple[str, ...]] = {
    TOTALS: ("channel", "counter", "template_name", "starts_at"),
    QUOTAS: ("channel", "month"),
}


class Counted(NamedTuple):
    """What one provider answered: rows by raw table, without the time of loading."""

    totals: list[dict[str, Any]]
    quotas: list[dict[str, Any]]
