"""Small random data with much of it empty or on a boundary, as rows and as the columns of the marts."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.campaigns.naive import Rows, Town

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
OTHER = {"where": {"field": "contact.language", "is": "th"}}
TABLES = {
    "contacts": "contact_id varchar, company_id varchar, name varchar, language varchar, is_active boolean, "
    "is_primary boolean, consents varchar[]",
    "companies": "company_id varchar, country varchar, zone_count bigint, contract_value decimal(14,2), "
    "currency varchar, next_renewal_date date",
    "contracts": "contract_id varchar, company_id varchar, status varchar, end_date date, value decimal(14,2), "
    "currency varchar, has_successor boolean, created_at timestamptz, is_deleted boolean",
    "tickets": "ticket_id varchar, company_id varchar, priority varchar, is_open boolean, created_at timestamptz, "
    "is_deleted boolean",
    "events": "contact_id varchar, event_type varchar, channel varchar, actor varchar, occurred_at timestamptz",
    "messages": "contact_id varchar, channel varchar, sent_at timestamptz, replied_at timestamptz",
    "conversations": "contact_id varchar, channel varchar, message_count bigint, window_open_until timestamptz",
}


def random_town(seed: int) -> Town:
    """Make a few companies with all that belongs to them, much of it empty or on a boundary."""
    dice = random.Random(seed)

    def maybe(*values: Any) -> Any:
        return dice.choice([*values, None, None])

    def when() -> Any:
        return maybe(
            *(NOW + timedelta(days=days, hours=dice.choice([-1, 0, 1])) for days in (-40, -30, -7, -1, 0, 1, 7))
        )

    def day() -> Any:
        return maybe(*((NOW + timedelta(days=days)).date() for days in (-31, -30, -7, -1, 0, 1, 7, 30, 31)))

    def amount() -> Any:
        return maybe(Decimal("0.00"), Decimal("99.99"), Decimal("100.00"), Decimal("100.01"))

    companies = [f"c{number}" for number in range(6)]
    contacts = [f"p{number}" for number in range(12)]
    channel, currency = ["email", "whatsapp", "line"], ["THB", "USD"]
    tables: dict[str, Rows] = {
        "companies": [
            {
                "company_id": key,
                "country": maybe("Thailand", "Japan"),
                "zone_count": maybe(0, 3, 4),
                "contract_value": amount(),
                "currency": dice.choice(currency),
                "next_renewal_date": day(),
            }
            for key in companies
        ],
        "contacts": [
            {
                "contact_id": key,
                "company_id": dice.choice([*companies, "gone"]),
                "name": maybe("Malee", "O'Hara", "", "50%_x"),
                "language": dice.choice(["en", "th"]),
                "is_active": dice.random() < 0.8,
                "is_primary": maybe(True, False),
                "consents": dice.sample(["renewal", "payment", "seasonal"], dice.randint(0, 3)),
            }
            for key in contacts
        ],
        "contracts": [
            {
                "contract_id": f"k{number}",
                "company_id": dice.choice(companies),
                "status": maybe("Active", "Draft", "Renewed"),
                "end_date": day(),
                "value": amount(),
                "currency": dice.choice(currency),
                "has_successor": maybe(True, False),
                "created_at": when(),
                "is_deleted": dice.random() < 0.2,
            }
            for number in range(16)
        ],
        "tickets": [
            {
                "ticket_id": f"t{number}",
                "company_id": dice.choice(companies),
                "priority": maybe("low", "urgent"),
                "is_open": maybe(True, False),
                "created_at": when(),
                "is_deleted": dice.random() < 0.2,
            }
            for number in range(12)
        ],
        "events": [
            {
                "contact_id": dice.choice([*contacts, None]),
                "event_type": dice.choice(["opened", "read", "clicked", "delivered"]),
                "channel": dice.choice(channel),
                "actor": dice.choice(["human", "machine", "unknown"]),
                "occurred_at": when() or NOW,
            }
            for number in range(40)
        ],
        "messages": [
            {
                "contact_id": dice.choice(contacts),
                "channel": dice.choice(channel),
                "sent_at": when(),
                "replied_at": when(),
            }
            for number in range(20)
        ],
        "conversations": [
            {
                "contact_id": dice.choice(contacts),
                "channel": dice.choice(channel),
                "message_count": maybe(1, 5),
                "window_open_until": when(),
            }
            for number in range(16)
        ],
    }
    return Town(tables, NOW, {"other": OTHER})
