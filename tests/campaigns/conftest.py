"""A small town of customers in the warehouse, and a store to plan into."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

import campaigns
from campaigns import eligibility, lifecycle
from campaigns.playbooks import read_playbook
from core.store.tables import messages
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.catalog import with_upstream

_WORDS = "".join(
    file.read_text()
    for file in Path(campaigns.__file__).parent.rglob("*.*")
    if file.suffix in (".py", ".sql", ".toml", ".yaml")
)
_READ = with_upstream(
    "marts.segments", "marts.segment_memberships", *re.findall(r"\bmarts\.[a-z_]+", _WORDS)
)  # by what decides

_AGREED = (
    *("receives_renewal_emails", "receives_payment_emails", "receives_soundtrack_alerts", "receives_quote_emails"),
    *("receives_contract_emails", "receives_seasonal_emails", "receives_quarterly_emails"),
)


@dataclass
class Town:
    """Customers as the CRM has them; ``run`` decides a campaign about them."""

    connection: duckdb.DuckDBPyConnection
    store: sa.Engine
    now: datetime
    counted: dict[str, int] = field(default_factory=dict)

    def row(self, table: str, **values: Any) -> str:
        """Add a row to a CRM table and return its id."""
        self.counted[table] = self.counted.get(table, 0) + 1
        common = {"_is_deleted": False, "_loaded_at": self.now, "created_at": self.now, "updated_at": self.now}
        key = str(values.pop("id", f"{table}-{self.counted[table]:04}"))
        add(self.connection, f"crm__{table}", {"id": key, **common, **values})
        return key

    def company(self, **values: Any) -> str:
        """Add a Thai company with a contract that runs for another year."""
        name = f"Lotus Bay {self.counted.get('companies', 0) + 1}"
        given = {"name": name, "country": "Thailand", "is_active": True, "soundtrack_offline_alerts_enabled": True}
        given["seasonal_emails_enabled"] = True
        key = self.row("companies", **{**given, "billing_entity": "BMAsia (Thailand) Co., Ltd.", **values})
        self.contract(key, ends_in=300)
        self.zone(key)
        return key

    def contact(self, company: str, *, unsubscribed: bool = False, **values: Any) -> str:
        """Add a contact who agrees to everything, reached by email."""
        number = self.counted.get("contacts", 0) + 1
        agreed = dict.fromkeys(_AGREED, True)
        given = {"name": f"Malee {number}", "email": f"malee{number}@hotel.example", "mobile": "", "is_active": True}
        role = {"contact_type": "Primary", "is_primary": True}
        key = self.row("contacts", company=company, **{**agreed, **given, **role, **values})
        known = {
            "contact_id": key,
            "unsubscribed": unsubscribed,
            "receives_notifications": True,
            "_loaded_at": self.now,
        }
        add(self.connection, "crm__contact_preferences", {**known, "preferred_language": "en"})
        return key

    def contract(self, company: str, *, ends_in: int, **values: Any) -> str:
        """Add an active contract that ends in so many days."""
        end = self.today + timedelta(days=ends_in)
        number = self.counted.get("contracts", 0) + 1
        given = {"contract_number": f"TH-{number}", "status": "Active", "start_date": end - timedelta(days=364)}
        given |= {"end_date": end, "value": Decimal("13300.00"), "currency": "THB", "send_renewal_reminders": True}
        return self.row(
            "contracts", company=company, **{**given, "contract_type": "Annual", "is_active": True, **values}
        )

    def invoice(self, company: str, *, late: int, **values: Any) -> str:
        """Add an unpaid invoice so many days late."""
        number = self.counted.get("invoices", 0) + 1
        due = self.today - timedelta(days=late)
        given = {"invoice_number": f"INV-{number}", "status": "Sent", "issue_date": due - timedelta(days=30)}
        given |= {
            "due_date": due,
            "total_amount": Decimal("14231.00"),
            "amount": Decimal("13300.00"),
            "currency": "THB",
        }
        return self.row("invoices", company=company, **{**given, **values})

    def zone(self, company: str, *, hours_off: float | None = None, **values: Any) -> str:
        """Add a Soundtrack zone, offline for so many hours."""
        seen = self.now if hours_off is None else self.now - timedelta(hours=hours_off)
        given = {"name": "Lobby", "platform": "soundtrack", "is_orphaned": False, "last_seen_online": seen}
        given |= {"status": "online" if hours_off is None else "offline", "last_api_sync": self.now}
        return self.row("zones", company=company, **{**given, **values})

    def quote(self, company: str, *, sent: int, **values: Any) -> str:
        """Add a quote sent so many days ago, valid for 30 days."""
        number, day = self.counted.get("quotes", 0) + 1, self.today - timedelta(days=sent)
        given = {
            "quote_number": f"TH-QT{number}",
            "status": "Sent",
            "sent_date": day,
            "total_value": Decimal("14231.00"),
        }
        given |= {"valid_from": day, "valid_until": day + timedelta(days=30), "currency": "THB"}
        return self.row("quotes", company=company, **{**given, **values})

    @property
    def today(self) -> date:
        """The day in Bangkok."""
        return (self.now + timedelta(hours=7)).date()

    def change(self, table: str, key: str, **values: Any) -> None:
        """Change a CRM row."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.connection.execute(f"update raw.crm__{table} set {names} where id = ?", [*values.values(), key])

    def settle(self, *, loaded_at: datetime | None = None) -> None:
        """Say when the CRM was loaded, and build the models that campaigns read."""
        build(self.connection, now=self.now, select={"marts._promised_ages"})
        query = "select source_pattern from marts._promised_ages where is_decided_on"
        for (table,) in self.connection.execute(query).fetchall():
            self.load(table, loaded_at or self.now)
        build(self.connection, now=self.now, select=_READ)

    def load(self, table: str, loaded_at: datetime) -> None:
        """Say when a raw table was loaded."""
        loads = f"{table.partition('__')[0]}__loads"
        self.connection.execute(f"delete from raw.{loads} where table_name = ?", [table])
        add(self.connection, loads, {"table_name": table, "loaded_at": loaded_at})

    def run(self, campaign_id: str, *, builds: bool = True, **changes: Any) -> lifecycle.RunReport:
        """Build, then decide a campaign; changes are the playbook's."""
        if builds:
            self.settle()
        playbook = read_playbook(campaign_id).model_copy(update={"holdout_share": 0.0, **changes})
        return lifecycle.run_campaign(self.connection, self.store, playbook, now=self.now)

    def outcomes(self, run_id: str) -> dict[str, str]:
        """Outcome by contact of a run, for contacts considered once."""
        query = "select contact_id, outcome from raw.campaigns__decisions where run_id = ?"
        return dict(self.connection.execute(query, [run_id]).fetchall())

    def planned(self) -> list[Any]:
        """Every message of the ledger."""
        with self.store.connect() as store:
            return list(store.execute(sa.select(messages).order_by(messages.c.message_id)))

    def cancel(self) -> int:
        """Build, then cancel what is no longer true."""
        self.settle()
        return eligibility.cancel_ineligible(self.connection, self.store, self.now)


@pytest.fixture
def town(warehouse: duckdb.DuckDBPyConnection, sqlite_store: sa.Engine, now: datetime) -> Town:  # noqa: F811
    """An empty town on Monday at ten in Bangkok."""
    return Town(warehouse, sqlite_store, now)
