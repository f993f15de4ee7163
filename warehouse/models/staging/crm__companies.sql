-- description: One row per CRM company: typed and renamed, nothing else.
-- depends: raw.crm__companies

-- column: company_id                        | CRM company.
-- column: name                              | Name as the CRM has it.
-- column: legal_entity_name                 | Legal entity name as its source has it.
-- column: country                           | Country as typed: aliases occur.
-- column: website                           | Website as its source has it.
-- column: industry                          | Industry as its source has it.
-- column: location_count                    | Location count as its source has it.
-- column: music_zone_count                  | Music zone count as its source has it.
-- column: contracted_product                | Contracted product as its source has it.
-- column: contracted_zone_count             | Contracted zone count as its source has it.
-- column: contracted_synced_at              | When contracted synced, UTC.
-- column: soundtrack_account_id             | Identifier of the soundtrack account.
-- column: is_active                         | Whether active.
-- column: seasonal_emails_enabled           | Seasonal emails enabled as its source has it.
-- column: soundtrack_offline_alerts_enabled | Soundtrack offline alerts enabled as its source has it.
-- column: notes                             | Notes as its source has it.
-- column: it_notes                          | It notes as its source has it.
-- column: address_line1                     | Address line1 as its source has it.
-- column: address_line2                     | Address line2 as its source has it.
-- column: city                              | City as its source has it.
-- column: state                             | State as its source has it.
-- column: postal_code                       | Postal code as its source has it.
-- column: phone                             | Phone as its source has it.
-- column: email                             | Email address as typed, not normalised.
-- column: tax_id                            | Identifier of the tax.
-- column: branch                            | Branch as its source has it.
-- column: billing_entity                    | Billing entity as its source has it.
-- column: parent_company_id                 | Identifier of the parent company.
-- column: is_corporate_parent               | Whether corporate parent.
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
