-- description: One row per corporate group and billing currency: what its companies come to. A group is a company without a
-- description: parent and all companies below it, however deep; companies that are each other's parents are in none.
-- depends: marts.companies

-- column: group_company_id      | CRM company at the head of the group.
-- column: currency              | Billing currency of the companies counted: THB for the Thai entity, else USD.
-- column: name                  | Name of the head as the CRM has it.
-- column: company_count         | Companies of the group that are billed in the currency, the head too.
-- column: active_company_count  | Those of them with an active contract.
-- column: zone_count            | Music zones the CRM knows (synced or typed).
-- column: active_contract_count | Contracts with status Active.
-- column: contract_value        | Sum of active contracts in the billing currency only; others are not added.
-- column: overdue_amount        | Open invoices past due, in the billing currency only.
-- column: open_ticket_count     | Tickets neither resolved nor closed.
-- column: next_renewal_date     | Earliest end of an active contract without a successor.

-- unique: group_company_id, currency
-- not_null: group_company_id, currency, name, company_count
-- accepted: currency | USD, THB
-- assert: active_company_count <= company_count
-- relation: group_company_id -> marts.companies.company_id | warning: a row that the CRM deleted before our first load is not here

with recursive standing as (
    select *
    from marts.companies
    where not is_deleted
),

-- From the heads down: whoever has no head is never reached.
members as (
    select
        head.company_id as group_company_id,
        head.name as group_name,
        head.company_id
    from standing as head
    anti join standing as parent on head.parent_company_id = parent.company_id
    union all
    select
        members.group_company_id,
        members.group_name,
        child.company_id
    from members
    inner join standing as child on members.company_id = child.parent_company_id
),

groups as (
    select group_company_id
    from members
    group by all
    having count(*) > 1
)

select
    members.group_company_id,
    company.currency,
    any_value(members.group_name) as name,
    count(*) as company_count,
    count(*) filter (company.is_active) as active_company_count,
    sum(company.zone_count)::bigint as zone_count,
    sum(company.active_contract_count)::bigint as active_contract_count,
    sum(company.contract_value)::decimal(14, 2) as contract_value,
    sum(company.overdue_amount)::decimal(14, 2) as overdue_amount,
    sum(company.open_ticket_count)::bigint as open_ticket_count,
    min(company.next_renewal_date) as next_renewal_date
from members
semi join groups using (group_company_id)
inner join standing as company using (company_id)
group by members.group_company_id, company.currency
