-- description: One row per CRM company: typed and renamed, nothing else.
-- depends: raw.crm__companies

-- column: company_id                        | CRM company.
-- column: name                              | Name as the CRM has it.
-- column: legal_entity_name                 | Name as registered, as typed.
-- column: country                           | Country as typed: aliases occur.
-- column: website                           | Address of the website.
-- column: industry                          | Industry in the CRM's words.
-- column: location_count                    | Locations, as typed by staff.
-- column: music_zone_count                  | Music zones, as typed by staff: not counted.
-- column: contracted_product                | beatbreeze, soundtrack or mixed, from the renewal funnel; empty: unknown.
-- column: contracted_zone_count             | Music zones under contract, from the renewal funnel.
-- column: contracted_synced_at              | Day of that reconciliation with the renewal funnel.
-- column: soundtrack_account_id             | Soundtrack's own id of the account; empty: none.
-- column: is_active                         | The CRM's flag: unreliable, contracts say more.
-- column: seasonal_emails_enabled           | Whether it wants seasonal emails.
-- column: soundtrack_offline_alerts_enabled | Whether it wants to hear of zones that are offline.
-- column: notes                             | Notes of staff, as typed.
-- column: it_notes                          | Notes for IT, as typed.
-- column: address_line1                     | First line of the postal address, as typed.
-- column: address_line2                     | Second line of the postal address, as typed.
-- column: city                              | City as typed.
-- column: state                             | State or province as typed.
-- column: postal_code                       | Postal code as typed.
-- column: phone                             | Phone number as typed.
-- column: email                             | Email address as typed, not normalised.
-- column: tax_id                            | Tax identification number, as typed.
-- column: branch                            | Branch for tax invoices, as typed.
-- column: billing_entity                    | Which of our two companies bills it.
-- column: parent_company_id                 | Corporate group it belongs to, if any.
-- column: is_corporate_parent               | Whether it is the head of a corporate group.
-- column: created_at                        | When the CRM made the row, UTC.
-- column: updated_at                        | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at                         | When we last read the row, UTC.
-- column: is_deleted                        | Whether the CRM no longer has the row.

-- unique: company_id
-- not_null: company_id

select
    id as company_id,
    name,
    legal_entity_name,
    country,
    website,
    industry,
    location_count,
    music_zone_count,
    contracted_product,
    contracted_zone_count,
    contracted_synced_at,
    soundtrack_account_id,
    is_active,
    seasonal_emails_enabled,
    soundtrack_offline_alerts_enabled,
    notes,
    it_notes,
    address_line1,
    address_line2,
    city,
    state,
    postal_code,
    phone,
    email,
    tax_id,
    branch,
    billing_entity,
    parent_company as parent_company_id,
    is_corporate_parent,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__companies
