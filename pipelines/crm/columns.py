"""Every column that we take from the CRM and its type; beside it what the CRM computes, which we leave there."""

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
_LINE_ITEM = """
id:text product_service:text description:text quantity:money unit_price:money tax_rate:money line_total:money
created_at:time updated_at:time
"""
_QUOTE = """
id:text quote_number:text company:text contact:text opportunity:text status:text quote_type:text
contract_duration_months:int valid_from:date valid_until:date subtotal:money tax_amount:money
discount_amount:money total_value:money currency:text billing_frequency:text payment_schedule:text
terms_conditions:text notes:text sent_date:date accepted_date:date rejected_date:date expired_date:date
created_by:text created_at:time updated_at:time
"""
_OPPORTUNITY_ACTIVITY = """
id:text opportunity:text user:text contact:text activity_type:text subject:text description:text
duration_minutes:int outcome:text next_steps:text created_at:time updated_at:time
"""
_TICKET_COMMENT = "id:text ticket:text author:text text:text is_internal:bool created_at:time updated_at:time"
_TASK = """
id:text company:text assigned_to:text created_by:text title:text description:text priority:text status:text
task_type:text due_date:time completed_at:time related_opportunity:text related_contract:text
related_contact:text created_at:time updated_at:time
"""
_EMAIL_LOG = """
id:text from_email:text to_email:text cc_emails:text subject:text status:text email_type:text sent_at:time
opened_at:time clicked_at:time error_message:text company:text contact:text contract:text invoice:text
quote:text message_id:text created_at:time
"""
_CAMPAIGN = """
id:text name:text campaign_type:text subject:text template:text target_audience:json audience_count:int
scheduled_send_date:time actual_send_date:time status:text send_immediately:bool sender_email:text
reply_to_email:text total_sent:int total_delivered:int total_bounced:int total_opened:int total_clicked:int
total_unsubscribed:int total_complained:int created_at:time updated_at:time
"""
_SEGMENT = """
id:text name:text description:text segment_type:text status:text filter_criteria:json member_count:int
last_calculated_at:time created_by:text tags:text last_used_at:time times_used:int created_at:time
updated_at:time
"""

# Rows inside a record of another collection, by raw table; the owner's identifier comes before them.
_NESTED = {
    "contract_zones": "id:text zone_id:text start_date:date end_date:date is_active:bool",
    "contract_line_items": f"{_LINE_ITEM} discount_percentage:money",
    "contract_service_locations": """id:text location_name:text platform:text sort_order:int custom_service_name:text
        price:money""",
    "invoice_line_items": f"{_LINE_ITEM} service_period_start:date service_period_end:date",
    "quote_line_items": f"{_LINE_ITEM} unit_value:money discount_percentage:money",
    "quote_activities": "id:text user:text activity_type:text description:text created_at:time",
    "task_comments": "id:text user:text comment:text created_at:time updated_at:time",
}

# Computed by the CRM, embedded copies of other rows, or papers we have no use for: known, and left there.
LEFT = {
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
    "quotes": """company_name contact_name opportunity_name is_expired days_until_expiry created_by_name line_items
        attachments activities""",
    "opportunity_activities": "user_name contact_name",
    "ticket_comments": "author_name author_role",
    "tasks": """company_name assigned_to_name created_by_name related_opportunity_name related_contract_number
        related_contact_name is_overdue comments""",
    "email_logs": "status_display email_type_display company_name contact_name",
    "campaigns": """campaign_type_display template_name recipients_count status_display open_rate click_rate
        bounce_rate pending_count sent_count failed_count recipients""",
    "segments": "created_by_name member_preview can_edit",
}


def _read(text: str) -> dict[str, str]:
    return dict(word.split(":") for word in text.split())


# Column → type word, by raw table without its prefix.
COLUMNS = {
    name: _read(text)
    for name, text in {
        "companies": _COMPANY,
        "contacts": _CONTACT,
        "contracts": _CONTRACT,
        "zones": _ZONE,
        "invoices": _INVOICE,
        "opportunities": _OPPORTUNITY,
        "tickets": _TICKET,
        "notes": _NOTE,
        "quotes": _QUOTE,
        "opportunity_activities": _OPPORTUNITY_ACTIVITY,
        "ticket_comments": _TICKET_COMMENT,
        "tasks": _TASK,
        "email_logs": _EMAIL_LOG,
        "campaigns": _CAMPAIGN,
        "segments": _SEGMENT,
        **_NESTED,
    }.items()
}
