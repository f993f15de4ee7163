"""The raw CRM tables: every column we take, its type, and what the CRM computes that we leave there."""

from dataclasses import dataclass

# Type words: text, bool, int, float, money, date, time, json. Names are the CRM's own REST field names.
_COMPANY = """
id:text name:text legal_entity_name:text country:text website:text industry:text location_count:int
music_zone_count:int contracted_product:text contracted_zone_count:int contracted_synced_at:date
soundtrack_account_id:text is_active:bool seasonal_emails_enabled:bool soundtrack_offline_alerts_enabled:bool
notes:text it_notes:text address_line1:text address_line2:text city:text state:text postal_code:text phone:text
email:text tax_id:text branch:text billing_entity:text parent_company:text is_corporate_parent:bool
created_at:time updated_at:time
"""
_CONTACT = """
id:text company:text name:text email:text phone:text mobile:text title:text department:text contact_type:text
is_primary:bool is_active:bool preferred_contact_method:text linkedin_url:text notes:text last_contacted:time
receives_renewal_emails:bool receives_seasonal_emails:bool receives_payment_emails:bool
receives_quarterly_emails:bool receives_soundtrack_alerts:bool receives_quote_emails:bool
receives_contract_emails:bool receives_invoice_emails:bool created_at:time updated_at:time
"""
_CONTRACT = """
id:text company:text opportunity:text quote:text contract_number:text contract_type:text status:text
start_date:date end_date:date sent_date:date value:money tax_rate:money tax_amount:money total_value:money
currency:text auto_renew:bool renewal_period_months:int is_active:bool payment_terms:text billing_frequency:text
discount_percentage:money notes:text renewal_notice_sent:bool renewal_notice_date:date
send_renewal_reminders:bool renewed_from:text soundtrack_account_id:text contract_category:text
master_contract:text property_name:text price_per_zone:money customer_contact_name:text
customer_contact_email:text lifecycle_type:text lifecycle_type_manually_set:bool lifecycle_effective_date:date
created_at:time updated_at:time
"""
_ZONE = """
id:text company:text device:text name:text platform:text status:text soundtrack_zone_id:text
soundtrack_admin_email:text device_name:text last_seen_online:time notes:text last_api_sync:time
is_orphaned:bool orphaned_at:time created_at:time updated_at:time
"""
_INVOICE = """
id:text company:text contract:text invoice_number:text status:text issue_date:date due_date:date paid_date:date
service_period_start:date service_period_end:date amount:money tax_amount:money discount_amount:money
total_amount:money currency:text payment_terms:text payment_terms_text:text property_name:text
payment_method:text transaction_id:text notes:text first_reminder_sent:bool second_reminder_sent:bool
final_notice_sent:bool receipt_number:text receipt_sent:bool created_at:time updated_at:time
"""
_OPPORTUNITY = """
id:text company:text name:text service_type:text stage:text expected_value:money probability:int owner:text
lead_source:text contact_method:text last_contact_date:date follow_up_date:date expected_close_date:date
actual_close_date:date notes:text is_active:bool competitors:text pain_points:text decision_criteria:text
stage_changed_at:time created_at:time updated_at:time
"""
_TICKET = """
id:text ticket_number:text subject:text description:text status:text priority:text category:text company:text
contact:text zone:text assigned_to:text assigned_team:text created_by:text first_response_at:time
resolved_at:time closed_at:time due_date:time tags:text created_at:time updated_at:time
"""
_NOTE = """
id:text company:text author:text contact:text note_type:text priority:text title:text text:text is_private:bool
follow_up_date:time tags:text created_at:time updated_at:time
"""

# Computed by the CRM, embedded copies of other rows, or papers we have no use for: known, and left there.
_LEFT = {
    "companies": """avg_zones_per_location full_address total_contract_value contacts zones zones_summary
        subscription_summary primary_contact opportunities_count active_contracts_count parent_company_name
        is_subsidiary child_companies_count""",
    "contacts": "company_name",
    "contracts": """company_name opportunity_name quote_number first_followup_sent second_followup_sent
        renewed_from_contract_number renewal_count days_until_expiry is_expiring_soon monthly_value invoices
        paid_invoices_count outstanding_amount contract_zones active_zone_count total_zone_count
        effective_soundtrack_account_id master_contract_number customer_signatory_name customer_signatory_title
        additional_customer_signatories bmasia_signatory_name bmasia_signatory_title custom_terms
        participation_agreements_count preamble_template preamble_template_name preamble_custom payment_template
        payment_template_name payment_custom activation_template activation_template_name activation_custom
        service_items service_items_detail custom_service_items show_zone_pricing_detail bmasia_contact_name
        bmasia_contact_email bmasia_contact_title customer_contact_title contract_documents line_items
        service_locations""",
    "zones": """company_name device_display_name status_display soundtrack_account_id is_online current_contract
        contract_count""",
    "invoices": "company_name contract_number days_overdue is_overdue line_items",
    "opportunities": """company_name company_billing_entity owner_name weighted_value days_in_stage is_overdue
        activities recent_activities""",
    "tickets": """company_name contact_name zone_name zone_platform assigned_to_name created_by_name
        first_response_time_hours resolution_time_hours is_overdue comments attachments comments_count
        internal_notes_count""",
    "notes": "company_name author_name contact_name",
}


@dataclass(frozen=True)
class Collection:
    """One CRM collection: how it is read and what its raw table holds.

    ``ordering`` names rows completely, so that no page loses one; ``watermark`` says whether the CRM can order
    by ``updated_at``; ``mcp`` is the collection's name on ``/mcp/``, empty where it is not there or
    does not suffice (contracts: their zones are not shown there).
    """

    name: str
    columns: dict[str, str]
    left: frozenset[str]
    ordering: str
    watermark: bool
    page_size: int
    mcp: str = ""

    @property
    def table(self) -> str:
        """Name of the raw table."""
        return f"crm__{self.name}"


def _columns(text: str) -> dict[str, str]:
    return dict(word.split(":") for word in text.split())


def _collection(
    name: str, columns: str, ordering: str, page_size: int, *, watermark: bool, mcp: str = ""
) -> Collection:
    return Collection(name, _columns(columns), frozenset(_LEFT[name].split()), ordering, watermark, page_size, mcp)


COLLECTIONS = (
    _collection("companies", _COMPANY, "updated_at,name", 100, watermark=True, mcp="company"),
    _collection("contacts", _CONTACT, "updated_at,email,company__name", 500, watermark=True, mcp="contact"),
    _collection("contracts", _CONTRACT, "updated_at,contract_number", 200, watermark=True),
    _collection("zones", _ZONE, "updated_at,id", 500, watermark=True, mcp="zone"),
    _collection(
        "invoices",
        _INVOICE,
        "updated_at,created_at,issue_date,due_date,total_amount,company__name",
        500,
        watermark=True,
        mcp="invoice",
    ),
    _collection(
        "opportunities",
        _OPPORTUNITY,
        "created_at,expected_value,expected_close_date,stage",
        200,
        watermark=False,
        mcp="opportunity",
    ),
    _collection("tickets", _TICKET, "created_at,due_date,priority,status", 200, watermark=False, mcp="ticket"),
    _collection("notes", _NOTE, "created_at,priority,note_type", 200, watermark=False),
)

_OURS = {"_loaded_at": "time", "_is_deleted": "bool"}
CONTRACT_ZONES = {
    "id": "text",
    "contract_id": "text",
    "zone_id": "text",
    "start_date": "date",
    "end_date": "date",
    "is_active": "bool",
    "_loaded_at": "time",
    "_is_deleted": "bool",
}
PREFERENCES = {
    "contact_id": "text",
    "unsubscribed": "bool",
    "receives_notifications": "bool",
    "preferred_language": "text",
    "notification_types": "json",
    "_loaded_at": "time",
}
REJECTS = {"entity": "text", "entity_id": "text", "reason": "text", "record": "json", "_loaded_at": "time"}
HISTORY = {
    "entity": "text",
    "entity_id": "text",
    "field": "text",
    "old_value": "text",
    "new_value": "text",
    "valid_from": "time",
}
DRIFT = {
    "compared_at": "time",
    "collection": "text",
    "kind": "text",  # silent, late, unseen, deleted
    "entity_id": "text",
    "fields": "json",
    "compared_rows": "int",
}
LOADS = {"table_name": "text", "mode": "text", "row_count": "int", "newest_row_at": "time", "loaded_at": "time"}

TABLES: dict[str, dict[str, str]] = {
    **{each.table: {**each.columns, **_OURS} for each in COLLECTIONS},
    "crm__contract_zones": CONTRACT_ZONES,
    "crm__contact_preferences": PREFERENCES,
    "crm__rejects": REJECTS,
    "crm__history": HISTORY,
    "crm__drift": DRIFT,
    "crm__loads": LOADS,
}
KEYS: dict[str, tuple[str, ...]] = {
    **{each.table: ("id",) for each in COLLECTIONS},
    "crm__contract_zones": ("id",),
    "crm__contact_preferences": ("contact_id",),
    "crm__rejects": ("entity", "entity_id"),
    "crm__history": ("entity", "entity_id", "field", "valid_from"),
    "crm__drift": ("compared_at", "collection", "entity_id"),
    "crm__loads": ("table_name",),
}
