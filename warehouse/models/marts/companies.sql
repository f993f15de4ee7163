-- description: One row per CRM company, with what its contracts, zones, invoices and tickets come to.
-- depends: staging.crm__companies, marts._countries, marts.contracts, marts.zones, marts.invoices, marts.tickets

-- column: company_id                       | CRM company.
-- column: name                             | Name as the CRM has it.
-- column: country                          | Country, aliases resolved.
-- column: country_as_typed                 | Country as the CRM has it.
-- column: city                             | City as typed.
-- column: industry                         | Industry in the CRM's words.
-- column: billing_entity                   | Which of our two companies bills it.
-- column: parent_company_id                | Corporate group it belongs to, if any.
-- column: is_active                        | Whether it has an active contract; the CRM's own flag is unreliable.
-- column: seasonal_emails_enabled          | Whether it wants seasonal emails.
-- column: soundtrack_offline_alerts_enabled | Whether it wants to hear of zones that are offline.
-- column: time_zone                        | IANA zone of its country.
-- column: zone_count                       | Music zones the CRM knows (synced or typed).
-- column: offline_zone_count               | Soundtrack zones that are offline now.
-- column: active_contract_count            | Contracts with status Active.
-- column: contract_value                   | Sum of active contracts in the billing currency only; others are not added.
-- column: currency                         | Billing currency: THB for the Thai entity, else USD.
-- column: first_contract_at                | First day of the first contract that was not cancelled.
-- column: next_renewal_date                | Earliest end of an active contract without a successor.
-- column: overdue_amount                   | Open invoices past due, in the billing currency only.
-- column: open_ticket_count                | Tickets neither resolved nor closed.
-- column: is_deleted                       | Whether the CRM no longer has the row.

-- unique: company_id
-- not_null: company_id, name, currency, time_zone
-- accepted: currency | USD, THB
-- assert: contract_value >= 0
-- relation: parent_company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

with base as (
    select
        company.*,
        coalesce(known.country, company.country) as country_name,
        coalesce(known.time_zone, 'Asia/Bangkok') as time_zone,
        case when company.billing_entity like '%Thailand%' then 'THB' else 'USD' end as currency
    from staging.crm__companies as company
    left join marts._countries as known on known.country_spelling = spelling(company.country)
),

per_contract as (
    select
        base.company_id,
        count(*) filter (contract.status = 'Active') as active_contract_count,
        sum(contract.value) filter (contract.status = 'Active' and contract.currency = base.currency) as contract_value,
        min(contract.start_date) filter (contract.status <> 'Cancelled') as first_contract_at,
        min(contract.end_date) filter (contract.status = 'Active' and not contract.has_successor) as next_renewal_date
    from base
    inner join marts.contracts as contract on contract.company_id = base.company_id and not contract.is_deleted
    group by all
),

per_zone as (
    select
        company_id,
        count(*) as zone_count,
        count(*) filter (offline_since is not null) as offline_zone_count
    from marts.zones
    where not is_deleted
    group by all
),

per_invoice as (
    select
        base.company_id,
        sum(invoice.total_amount) as overdue_amount
    from base
    inner join marts.invoices as invoice on invoice.company_id = base.company_id and invoice.currency = base.currency
    where invoice.is_open and invoice.due_date < getvariable('now')::date
    group by all
),

per_ticket as (
    select
        company_id,
        count(*) as open_ticket_count
    from marts.tickets
    where is_open
    group by all
)

select
    base.company_id,
    base.name,
    base.country_name as country,
    base.country as country_as_typed,
    base.city,
    base.industry,
    base.billing_entity,
    base.parent_company_id,
    coalesce(per_contract.active_contract_count, 0) > 0 as is_active,
    base.seasonal_emails_enabled,
    base.soundtrack_offline_alerts_enabled,
    base.time_zone,
    coalesce(per_zone.zone_count, 0) as zone_count,
    coalesce(per_zone.offline_zone_count, 0) as offline_zone_count,
    coalesce(per_contract.active_contract_count, 0) as active_contract_count,
    coalesce(per_contract.contract_value, 0)::decimal(14, 2) as contract_value,
    base.currency,
    per_contract.first_contract_at,
    per_contract.next_renewal_date,
    coalesce(per_invoice.overdue_amount, 0)::decimal(14, 2) as overdue_amount,
    coalesce(per_ticket.open_ticket_count, 0) as open_ticket_count,
    base.is_deleted
from base
left join per_contract using (company_id)
left join per_zone using (company_id)
left join per_invoice using (company_id)
left join per_ticket using (company_id)
