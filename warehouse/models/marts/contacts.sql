-- description: One row per CRM contact: how to reach the person, in which language, and what they agreed to.
-- depends: staging.crm__contacts, staging.crm__contact_preferences, staging.journal__channel_addresses, staging.crm__companies, marts._countries

-- column: contact_id               | CRM contact.
-- column: company_id               | CRM company.
-- column: name                     | Name as the CRM has it.
-- column: email                    | Email address, lower case; null when it could not be written to.
-- column: email_domain             | Mail domain of the address: who takes the mail in.
-- column: mobile                   | Mobile number in E.164; null when what was typed is none.
-- column: mobile_as_typed          | Mobile number as the CRM has it.
-- column: phone                    | Telephone number in E.164; null when what was typed is none.
-- column: phone_as_typed           | Telephone number as the CRM has it.
-- column: line_user_id             | LINE user, only when the person has confirmed to be this contact.
-- column: language                 | Language to write in: as preferred, else by country.
-- column: time_zone                | IANA zone of the company's country.
-- column: preferred_contact_method | What the CRM says: Email, Phone, Mobile, LinkedIn or empty.
-- column: preferred_channel        | line once confirmed, whatsapp for who prefers the phone, else email.
-- column: contact_type             | Primary, Technical, Billing, Decision Maker or Other.
-- column: is_primary               | Whether the CRM calls the person the company's first contact.
-- column: is_active                | Whether the person still works there, and the CRM still has the row.
-- column: is_opt_out_known         | Whether /mcp/ told us about opt-outs; without it there is no consent.
-- column: is_unsubscribed          | Whether the person opted out of everything in the CRM.
-- column: consents                 | Purposes for which the person may be written to.
-- column: is_deleted               | Whether the CRM no longer has the row.

-- unique: contact_id
-- not_null: contact_id, company_id, language, time_zone, consents
-- accepted: language | en, th
-- assert: not is_unsubscribed or len(consents) = 0
-- relation: company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here
-- unrelated: line_user_id | LINE's own, unknown to any table

with line as (
    select
        contact_id,
        arg_max(address, confirmed_at) as line_user_id
    from staging.journal__channel_addresses
    where channel = 'line' and state = 'confirmed'
    group by all
),

joined as (
    select
        contact.*,
        preference.contact_id is not null as is_opt_out_known,
        coalesce(preference.unsubscribed or not preference.receives_notifications, false) as is_unsubscribed,
        preference.preferred_language,
        coalesce(known.time_zone, 'Asia/Bangkok') as time_zone,
        coalesce(known.language, 'en') as country_language,
        known.country,
        line.line_user_id
    from staging.crm__contacts as contact
    left join staging.crm__contact_preferences as preference using (contact_id)
    left join staging.crm__companies as company using (company_id)
    left join marts._countries as known on known.country_spelling = spelling(company.country)
    left join line using (contact_id)
),

reached as (
    select
        *,
        case when valid_email(trim(email)) then lower(trim(email)) end as email_address,
        e164(mobile, country) as mobile_number,
        e164(phone, country) as phone_number
    from joined
)

select
    contact_id,
    company_id,
    name,
    email_address as email,
    split_part(email_address, '@', 2) as email_domain,
    mobile_number as mobile,
    mobile as mobile_as_typed,
    phone_number as phone,
    phone as phone_as_typed,
    line_user_id,
    case when preferred_language in ('en', 'th') then preferred_language else country_language end as language,
    time_zone,
    preferred_contact_method,
    case
        when line_user_id is not null then 'line'
        when preferred_contact_method in ('Mobile', 'Phone') and mobile_number is not null then 'whatsapp'
        else 'email'
    end as preferred_channel,
    contact_type,
    is_primary,
    is_active and not is_deleted as is_active,
    is_opt_out_known,
    is_unsubscribed,
    case
        when is_unsubscribed or not is_opt_out_known then []::varchar[]
        else list_filter([
            case when receives_renewal_emails then 'renewal' end,
            case when receives_payment_emails then 'payment' end,
            case when receives_seasonal_emails then 'seasonal' end,
            case when receives_quarterly_emails then 'quarterly' end,
            case when receives_soundtrack_alerts then 'service_alert' end,
            case when receives_quote_emails then 'quote' end,
            case when receives_contract_emails then 'contract' end,
            case when receives_invoice_emails then 'invoice' end
        ], lambda purpose: purpose is not null)
    end as consents,
    is_deleted
from reached
