"""The stand-in CRM's rows as its REST API shows them: field by field as in the recordings."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

from sandbox.crm_dealings_rows import ADMIN, SHOWN, line_item, money
from sandbox.crm_history import World

BANGKOK = timezone(timedelta(hours=7))
_EMPTY_CONTRACT = {
    **dict.fromkeys(
        (
            "opportunity",
            "quote",
            "quote_number",
            "renewal_notice_date",
            "master_contract",
            "master_contract_number",
            "preamble_template",
            "preamble_template_name",
            "payment_template",
            "payment_template_name",
            "activation_template",
            "activation_template_name",
            "lifecycle_effective_date",
        )
    ),
    **dict.fromkeys(
        (
            "notes",
            "soundtrack_account_id",
            "effective_soundtrack_account_id",
            "customer_signatory_name",
            "customer_signatory_title",
            "bmasia_signatory_name",
            "bmasia_signatory_title",
            "custom_terms",
            "property_name",
            "preamble_custom",
            "payment_custom",
            "activation_custom",
            "bmasia_contact_name",
            "bmasia_contact_email",
            "bmasia_contact_title",
            "customer_contact_name",
            "customer_contact_email",
            "customer_contact_title",
        ),
        "",
    ),
    **dict.fromkeys(
        ("renewal_notice_sent", "first_followup_sent", "second_followup_sent", "lifecycle_type_manually_set"), False
    ),
}
_HIDDEN_CONTACT = ("unsubscribed", "receives_notifications", "preferred_language", "notification_types")
SORT_ALIASES = {"company__name": "company_name"}


def shown(value: Any) -> Any:
    """Return a value as the API writes it: Bangkok times with microseconds, plain dates."""
    if isinstance(value, list):
        return [
            {name: shown(inner) for name, inner in each.items()} if isinstance(each, dict) else each for each in value
        ]
    if isinstance(value, datetime):
        return value.astimezone(BANGKOK).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


class Rows:
    """Every collection as of one moment."""

    def __init__(self, world: World, now: datetime) -> None:
        self.now = now
        self.today = now.date()
        self.tables: dict[str, dict[str, dict[str, Any]]] = {}
        for kind, entities in world.entities.items():
            standing = (entity.at(now) for entity in entities)
            self.tables[kind] = {row["id"]: row for row in standing if row is not None}
        for kind in self.tables:
            for row in self.tables[kind].values():
                if "company" in row:
                    row["company_name"] = self.tables["companies"][row["company"]]["name"]
        self.children: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for kind in ("contacts", "zones", "contracts", "invoices", "opportunities"):
            for row in self.tables[kind].values():
                self.children.setdefault((kind, row["company"]), []).append(row)

    def show(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        """Return one row as the REST API shows it."""
        record = SHOWN[kind](row, self.tables, self.now) if kind in SHOWN else getattr(self, f"_{kind}")(row)
        return {name: shown(value) for name, value in record.items()}

    def _companies(self, row: dict[str, Any]) -> dict[str, Any]:
        own = {
            kind: self.children.get((kind, row["id"]), [])
            for kind in ("contacts", "zones", "contracts", "opportunities")
        }
        contacts = [self.show("contacts", each) for each in own["contacts"]]
        active = [each for each in own["contracts"] if each["is_active"]]
        online = sum(zone["status"] == "online" for zone in own["zones"])
        parent = self.tables["companies"].get(row["parent_company"] or "")
        return {
            **row,
            "avg_zones_per_location": row["music_zone_count"] / row["location_count"],
            "full_address": f"{row['address_line1']}, {row['city']}, {row['postal_code']}, {row['country']}",
            "total_contract_value": money(sum(each["value"] for each in active)) if active else 0,
            "contacts": contacts,
            "zones": [self.show("zones", each) for each in own["zones"]],
            "zones_summary": f"{online} Online",
            "subscription_summary": "Annual",
            "primary_contact": next((each for each in contacts if each["is_primary"] and each["is_active"]), None),
            "opportunities_count": len(own["opportunities"]),
            "active_contracts_count": len(active),
            "parent_company_name": parent["name"] if parent else None,
            "is_subsidiary": parent is not None,
            "child_companies_count": 0,
        }

    def _contacts(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name not in _HIDDEN_CONTACT}

    def _contracts(self, row: dict[str, Any]) -> dict[str, Any]:
        record = {name: value for name, value in row.items() if name != "zones"}
        is_thai = row["currency"] == "THB"
        tax = row["value"] * 7 / 100 if is_thai else 0
        invoices = [
            self.show("invoices", each)
            for each in self.children.get(("invoices", row["company"]), [])
            if each["contract"] == row["id"]
        ]
        unpaid = sum(float(each["total_amount"]) for each in invoices if each["status"] != "Paid")
        left = (row["end_date"] - self.today).days
        origin = self.tables["contracts"].get(row["renewed_from"] or "")
        zones = self.children.get(("zones", row["company"]), [])
        return {
            **_EMPTY_CONTRACT,
            **record,
            "value": money(row["value"]),
            "tax_rate": "7.00" if is_thai else "0.00",
            "tax_amount": money(tax),
            "total_value": money(row["value"] + tax),
            "renewal_period_months": 12,
            "payment_terms": "Net 30",
            "discount_percentage": "0.00",
            "renewed_from_contract_number": origin["contract_number"] if origin else None,
            "renewal_count": 0,
            "days_until_expiry": left,
            "is_expiring_soon": 0 <= left <= 60,
            "monthly_value": round(row["value"] / 12, 2),
            "invoices": invoices,
            "paid_invoices_count": sum(each["status"] == "Paid" for each in invoices),
            "outstanding_amount": money(unpaid) if invoices else 0,
            "contract_zones": [self._contract_zone(row, zone) for zone in zones],
            "active_zone_count": len(zones),
            "total_zone_count": len(zones),
            "contract_category": "standard",
            "additional_customer_signatories": [],
            "participation_agreements_count": 0,
            "service_items": [],
            "service_items_detail": [],
            "custom_service_items": [],
            "show_zone_pricing_detail": True,
            "price_per_zone": money(row["price_per_zone"]),
            "contract_documents": [],
            "line_items": [
                line_item(row, "contract", row["value"], "7.00" if is_thai else "0.00")
                | {"discount_percentage": "0.00"}
            ],
            "service_locations": [],
        }

    def _contract_zone(self, contract: dict[str, Any], zone: dict[str, Any]) -> dict[str, Any]:
        link = {
            "id": f"{contract['id'][:18]}-{zone['id'][19:]}",
            "contract": contract["id"],
            "contract_number": contract["contract_number"],
            "zone": zone["id"],
            "zone_id": zone["id"],
            "zone_name": zone["name"],
            "zone_platform": zone["platform"],
            "zone_status": zone["status"],
            "company_name": contract["company_name"],
            "start_date": contract["start_date"],
            "end_date": contract["end_date"],
            "is_active": contract["is_active"],
            "notes": "",
            "created_at": contract["created_at"],
            "updated_at": contract["created_at"],
        }
        return {name: shown(value) for name, value in link.items()}

    def _zones(self, row: dict[str, Any]) -> dict[str, Any]:
        contracts = self.children.get(("contracts", row["company"]), [])
        current = next((each for each in contracts if each["status"] == "Active"), None)
        fields = ("id", "contract_number", "status", "start_date", "end_date")
        return {
            **row,
            "device_display_name": None,
            "status_display": row["status"].replace("_", " ").title(),
            "soundtrack_account_id": "",
            "is_online": row["status"] == "online",
            "current_contract": {name: shown(current[name]) for name in fields} if current else None,
            "contract_count": len(contracts),
        }

    def _invoices(self, row: dict[str, Any]) -> dict[str, Any]:
        contract = self.tables["contracts"].get(row["contract"] or "")
        late = max(0, (self.today - row["due_date"]).days) if row["status"] != "Paid" else 0
        return {
            **row,
            "contract_number": contract["contract_number"] if contract else None,
            "amount": money(row["amount"]),
            "tax_amount": money(row["tax_amount"]),
            "discount_amount": "0.00",
            "total_amount": money(row["total_amount"]),
            "payment_terms": "Net 30",
            "payment_terms_text": "",
            "property_name": "",
            "payment_method": "",
            "transaction_id": "",
            "notes": "",
            "days_overdue": late,
            "is_overdue": late > 0,
            "first_reminder_sent": False,
            "second_reminder_sent": False,
            "final_notice_sent": False,
            "receipt_sent": False,
            "line_items": [
                line_item(row, "invoice", row["amount"], "0.00")
                | {"service_period_start": None, "service_period_end": None}
            ],
        }

    def _opportunities(self, row: dict[str, Any]) -> dict[str, Any]:
        company = self.tables["companies"][row["company"]]
        return {
            **row,
            "company_billing_entity": company["billing_entity"],
            "service_type": "soundtrack",
            "expected_value": money(row["expected_value"]),
            "probability": 0,
            "owner": ADMIN,
            "owner_name": "Ada Admin",
            "lead_source": "Partner",
            "contact_method": "Phone",
            "last_contact_date": None,
            "follow_up_date": None,
            "expected_close_date": None,
            "actual_close_date": None,
            "notes": "",
            "competitors": "",
            "pain_points": "",
            "decision_criteria": "",
            "stage_changed_at": row["created_at"],
            "weighted_value": 0,
            "days_in_stage": 0,
            "is_overdue": None,
            "activities": [],
            "recent_activities": [],
        }
