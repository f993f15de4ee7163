-- description: A town for the policy's measure: what the lifecycle gives the rules, and all that the rules read.
-- Set before: the variables `contacts` (how many) and `now`.

-- Seven companies for ten contacts, each with one contract that ends soon. Four in five contacts pass the rules about
-- themselves, so that the rules about companies and about what was sent before have hundreds of thousands to look at.
create schema marts;
create schema raw;

create table marts.contacts as
select
    md5('contact' || number)::uuid::varchar as contact_id,
    md5('company' || number * 7 // 10)::uuid::varchar as company_id,
    'Malee ' || number as name,
    case when number % 100 < 3 then null when number % 100 < 5 then 'front.desk' || number // 100 || '@hotel.example'
        else 'malee' || number || '@hotel.example' end as email,
    case when number % 5 = 0 then '+668' || lpad(number::varchar, 8, '0') end as mobile,
    case when number % 100 = 1 then 'N/A' else mobile end as mobile_as_typed,
    case when number % 7 = 0 then 'U' || md5('line' || number) end as line_user_id,
    ['en', 'th'][1 + (number % 2)] as language,
    case when number % 50 = 0 then 'Asia/Dubai' else 'Asia/Bangkok' end as time_zone,
    ['Primary', 'Billing', 'Decision Maker', 'Other'][1 + (hash(number, 1) % 4)::bigint] as contact_type,
    hash(number, 2) % 2 = 0 as is_primary,
    case when line_user_id is not null then 'line' when mobile is not null then 'whatsapp' else 'email' end
        as preferred_channel,
    number % 200 <> 0 as is_opt_out_known,
    hash(number, 3) % 20 = 0 as is_unsubscribed,
    case when is_unsubscribed or not is_opt_out_known then []::varchar[]
        else ['renewal', 'payment', 'quote', 'service_alert'] end as consents
from range(getvariable('contacts')) as each(number);

create table marts.contact_engagement as
select
    contact_id,
    12 as email_sent_90d,
    (hash(contact_id, 13) % 3)::bigint as email_human_clicks_90d,
    (hash(contact_id, 14) % 2)::bigint as email_replies_90d,
    6 as whatsapp_sent_90d,
    (hash(contact_id, 15) % 3)::bigint as whatsapp_human_clicks_90d,
    0 as whatsapp_replies_90d,
    4 as line_sent_90d,
    (hash(contact_id, 16) % 2)::bigint as line_human_clicks_90d,
    0 as line_replies_90d
from marts.contacts;

create table marts.conversations as
select
    contact_id,
    'whatsapp' as channel,
    getvariable('now') + to_hours((hash(contact_id, 17) % 48)::integer - 24) as window_open_until
from marts.contacts where mobile is not null;

create table marts.companies as
select
    md5('company' || number)::uuid::varchar as company_id,
    'Lotus Bay ' || number as name,
    case when number % 50 = 0 then 'United Arab Emirates' else 'Thailand' end as country,
    hash(number, 4) % 50 <> 0 as is_active
from range(getvariable('contacts') * 7 // 10) as each(number);

create table marts.tickets as
select
    company_id,
    'T-' || row_number() over () as ticket_number,
    hash(company_id, 5) % 3 = 0 as is_open,
    ['urgent', 'low'][1 + (hash(company_id, 6) % 2)::bigint] as priority
from marts.companies using sample 20 percent (system, 1);

create table marts.opportunities as
select
    company_id,
    ['Contacted', 'Quotation Sent', 'Contract Sent', 'Won'][1 + (hash(company_id, 18) % 4)::bigint] as stage,
    hash(company_id, 19) % 2 = 0 as is_active,
    false as is_deleted,
    getvariable('now') - to_days((hash(company_id, 20) % 60)::integer) as stage_changed_at
from marts.companies using sample 20 percent (system, 2);

create table marts.invoices as
select
    company_id,
    'INV-' || row_number() over () as invoice_number,
    hash(company_id, 21) % 5 = 0 as is_open,
    (getvariable('now') - to_days((hash(company_id, 22) % 90)::integer))::date as due_date
from marts.companies;

create table marts.quotas as
select
    'line' as channel,
    date_trunc('month', getvariable('now') at time zone 'Asia/Tokyo')::date as quota_month,
    getvariable('contacts') // 10 as quota,
    getvariable('contacts') // 20 as used,
    getvariable('contacts') // 20 as our_count;

create table marts.freshness as
select 'crm__contacts' as source_table, getvariable('now') as loaded_at, true as is_decided_on;

create table raw.journal__suppressions as
select
    case when hash(contact_id, 7) % 2 = 0 then email end as address,
    case when address is null then contact_id end as contact_id,
    ['all', 'email', 'whatsapp'][1 + (hash(contact_id, 8) % 3)::bigint] as channel,
    ['all', 'renewal', 'seasonal'][1 + (hash(contact_id, 9) % 3)::bigint] as purpose,
    'unsubscribed' as reason,
    'one_click' as source,
    case when hash(contact_id, 10) % 10 = 0 then getvariable('now') end as lifted_at
from marts.contacts where hash(contact_id, 11) % 20 = 0;

create table raw.journal__templates as
select
    'renewal_2' as template_id,
    'whatsapp' as channel,
    unnest(['en', 'th']) as language,
    1 as version,
    'paused' as provider_status;

create temp table members as
select
    contact_id,
    company_id,
    'contract' as subject_type,
    md5('contract' || company_id)::uuid::varchar as subject_id,
    ['renewal_30', 'renewal_14', 'renewal_7', 'renewal_2'][1 + (hash(company_id, 12) % 4)::bigint] as step,
    'contract ' || left(subject_id, 8) || ' ends soon; no successor' as reason
from marts.contacts;

-- A month in which each contact was decided about once on average; what was sent is in the ledger as well.
create table raw.campaigns__decisions as
select
    'run-' || hash(contact_id, 13) % 60 as run_id,
    ['renewal', 'renewal', 'payment_overdue', 'zone_offline', 'zone_offline'][1 + (hash(contact_id, 14) % 5)::bigint]
        as campaign_id,
    step,
    contact_id,
    company_id,
    subject_type,
    subject_id,
    ['send', 'account_limit', 'deferred'][1 + (hash(contact_id, 15) % 3)::bigint] as outcome,
    'no rule speaks against it' as reason,
    'email' as channel,
    'a' as variant,
    null::timestamptz as deferred_until,
    getvariable('now') - to_hours((hash(contact_id, 16) % 720)::bigint) as decided_at,
    'snapshot' as snapshot_id
from members;

create table raw.journal__messages as
select
    md5('message' || contact_id)::uuid::varchar as message_id,
    run_id,
    contact_id,
    step,
    ['delivered', 'read', 'sent', 'expired'][1 + (hash(contact_id, 17) % 4)::bigint] as status
from raw.campaigns__decisions where outcome = 'send';
