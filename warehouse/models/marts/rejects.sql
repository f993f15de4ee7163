-- description: One row per value of the CRM that we cannot use, and per record that the loader could not take. Deleted rows
-- description: are not here, nor empty values, nor addresses of people who no longer work there.
-- depends: staging.crm__rejects, staging.crm__contacts, staging.crm__companies, staging.crm__contracts, staging.crm__invoices, marts.contacts, marts._countries, staging.files__rejects, staging.files__contacts, marts._list_people, marts.contact_lists, staging.crm__quotes

-- column: entity         | The CRM's collection: companies, contacts, contracts and so on; or contact_lists.
-- column: entity_id      | The row's identifier in the CRM, or the list's version and line; null for a field that nobody decided about.
-- column: field          | Field as the CRM names it; null: the record as a whole.
-- column: original_value | Value as the CRM has it; null: the record as a whole.
-- column: reject_type    | email, phone, duplicate, country, currency, record: the loader could not take it, or new_field.
-- column: reason         | What is wrong with it.
-- column: loaded_at      | When we last read the row, UTC.

-- unique: entity, entity_id, field, reject_type
-- not_null: entity, reject_type, reason
-- accepted: reject_type | email, phone, duplicate, country, currency, record, new_field
-- unrelated: entity_id | a row of any of the CRM's collections, perhaps one that could not be loaded: entity says which

with people as (
    select
        contact.contact_id,
        contact.email,
        contact.mobile,
        contact.mobile_as_typed,
        contact.phone,
        contact.phone_as_typed,
        typed.email as email_as_typed,
        typed.loaded_at,
        min(contact.contact_id) over (partition by contact.email) as first_of_email,
        min(contact.contact_id) over (partition by contact.mobile) as first_of_mobile
    from marts.contacts as contact
    inner join staging.crm__contacts as typed using (contact_id)
    where contact.is_active
),

papers as (
    select
        'contracts' as entity,
        contract_id as entity_id,
        company_id,
        currency,
        loaded_at
    from staging.crm__contracts
    where not is_deleted
    union all
    select
        'invoices' as entity,
        invoice_id as entity_id,
        company_id,
        currency,
        loaded_at
    from staging.crm__invoices
    where not is_deleted
    union all
    select
        'quotes' as entity,
        quote_id as entity_id,
        company_id,
        currency,
        loaded_at
    from staging.crm__quotes
    where not is_deleted
),

amounts as (
    select
        paper.*,
        case company.billing_entity
            when 'BMAsia (Thailand) Co., Ltd.' then 'THB'
            when 'BMAsia Limited' then 'USD'
        end as billed_currency
    from papers as paper
    left join staging.crm__companies as company using (company_id)
),

current_people as (
    select person.*
    from staging.files__contacts as person
    semi join marts.contact_lists as list
        on person.list_id = list.list_id and person.version = list.version and list.is_current
)

select
    'contacts' as entity,
    contact_id as entity_id,
    'email' as field,
    email_as_typed as original_value,
    'email' as reject_type,
    'nobody could write to this address' as reason,
    loaded_at
from people
where email is null and trim(email_as_typed) <> ''
union all
select
    'contacts' as entity,
    contact_id as entity_id,
    'mobile' as field,
    mobile_as_typed as original_value,
    'phone' as reject_type,
    'no phone number, as dialled in the company''s country' as reason,
    loaded_at
from people
where mobile is null and trim(mobile_as_typed) <> ''
union all
select
    'contacts' as entity,
    contact_id as entity_id,
    'phone' as field,
    phone_as_typed as original_value,
    'phone' as reject_type,
    'no phone number, as dialled in the company''s country' as reason,
    loaded_at
from people
where phone is null and trim(phone_as_typed) <> ''
union all
select
    'contacts' as entity,
    contact_id as entity_id,
    'email' as field,
    email_as_typed as original_value,
    'duplicate' as reject_type,
    'the address also belongs to contact ' || first_of_email as reason,
    loaded_at
from people
where email is not null and contact_id <> first_of_email
union all
select
    'contacts' as entity,
    contact_id as entity_id,
    'mobile' as field,
    mobile_as_typed as original_value,
    'duplicate' as reject_type,
    'the number also belongs to contact ' || first_of_mobile as reason,
    loaded_at
from people
where mobile is not null and contact_id <> first_of_mobile
union all
select
    'companies' as entity,
    company.company_id as entity_id,
    'country' as field,
    company.country as original_value,
    'country' as reject_type,
    'nobody mapped this spelling: it counts as Bangkok time and English' as reason,
    company.loaded_at
from staging.crm__companies as company
anti join marts._countries as known on spelling(company.country) = known.country_spelling
where not company.is_deleted and trim(company.country) <> ''
union all
select
    entity,
    entity_id,
    'currency' as field,
    currency as original_value,
    'currency' as reject_type,
    case
        when currency in ('THB', 'USD') then 'the company is billed in ' || billed_currency
        else 'we bill in THB and USD only'
    end as reason,
    loaded_at
from amounts
where currency not in ('THB', 'USD') or currency <> billed_currency
union all
select
    entity,
    case when entity_id not like 'field:%' then entity_id end as entity_id,
    case when entity_id like 'field:%' then substr(entity_id, 7) end as field,
    null as original_value,
    case when entity_id like 'field:%' then 'new_field' else 'record' end as reject_type,
    reason,
    loaded_at
from staging.crm__rejects
union all
select
    'contact_lists' as entity,
    list_id || ' version ' || version || ' line ' || line_number as entity_id,
    null as field,
    null as original_value,
    reject_type,
    reason,
    reject.loaded_at
from staging.files__rejects as reject
semi join marts.contact_lists as list
    on reject.list_id = list.list_id and reject.version = list.version and list.is_current
union all
select
    'contact_lists' as entity,
    list_id || ' version ' || version || ' line ' || line_number as entity_id,
    null as field,
    null as original_value,
    'duplicate' as reject_type,
    'line ' || first_line_number || ' is the same contact of the CRM' as reason,
    loaded_at
from marts._list_people
where line_number > first_line_number
union all
select
    'contact_lists' as entity,
    list_id || ' version ' || version || ' line ' || line_number as entity_id,
    typed.field,
    typed.original_value,
    typed.reject_type,
    'nobody could write to this address' as reason,
    loaded_at
from current_people,
    lateral (
        values
        ('email', email_as_typed, 'email', email),
        ('mobile', mobile_as_typed, 'phone', mobile)
    ) as typed (field, original_value, reject_type, address)
where typed.address is null and typed.original_value <> ''
