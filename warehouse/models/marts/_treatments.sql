-- description: One row per company, campaign and subject that was treated or held out, at its first such decision, with what came of it.
-- depends: raw.campaigns__decisions, marts.contracts, marts.invoices, marts.zones

-- column: campaign_id  | Campaign.
-- column: company_id   | CRM company: the unit of assignment and of analysis.
-- column: subject_type | What it is about: contact, company, contract, invoice, quote, zone, ticket or opportunity.
-- column: subject_id   | Which one.
-- column: run_id       | The run of the first decision.
-- column: channel      | Channel of the first decision.
-- column: variant      | Arm of the experiment at the first decision: holdout, or the text's variant.
-- column: arm          | treated or holdout.
-- column: decided_at   | When it was first decided, UTC.
-- column: is_converted | Renewed within 45 days, paid within 21 days, or online again within 48 hours.
-- column: amount       | Value of the successor contract or the invoice; null for zones and without conversion.
-- column: currency     | ISO 4217 code of the amount.

-- unique: campaign_id, company_id, subject_id
-- not_null: campaign_id, company_id, subject_id
-- accepted: arm | treated, holdout
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- relation: company_id -> marts.companies.company_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: run_id -> staging.journal__campaign_runs.run_id | warning: the store's newest rows come with its next load
-- relation: campaign_id -> staging.journal__campaigns.campaign_id | warning: the store's newest rows come with its next load
-- unrelated: subject_id | a contract, invoice or zone: subject_type says which

with first_decisions as (
    select
        campaign_id,
        company_id,
        subject_type,
        subject_id,
        arg_min(run_id, decided_at) as run_id,
        arg_min(channel, decided_at) as channel,
        coalesce(arg_min(variant, decided_at), 'a') as variant,
        case when arg_min(outcome, decided_at) = 'holdout' then 'holdout' else 'treated' end as arm,
        min(decided_at) as decided_at
    from raw.campaigns__decisions
    where outcome in ('send', 'holdout')
    group by campaign_id, company_id, subject_type, subject_id
),

renewals as (
    select
        renewed_from_contract_id as contract_id,
        min(created_at) as renewed_at,
        arg_min(value, created_at) as amount,
        arg_min(currency, created_at) as currency
    from marts.contracts
    where renewed_from_contract_id is not null and status <> 'Cancelled' and not is_deleted
    group by all
)

select
    decision.campaign_id,
    decision.company_id,
    decision.subject_type,
    decision.subject_id,
    decision.run_id,
    decision.channel,
    decision.variant,
    decision.arm,
    decision.decided_at,
    coalesce(
        renewal.renewed_at between decision.decided_at and decision.decided_at + interval 45 days
        or invoice.paid_date between decision.decided_at::date and decision.decided_at::date + 21
        or (
            zone.status = 'online'
            and zone.last_seen_online between decision.decided_at and decision.decided_at + interval 48 hours
        ),
        false
    ) as is_converted,
    case
        when renewal.renewed_at between decision.decided_at and decision.decided_at + interval 45 days
            then renewal.amount
        when invoice.paid_date between decision.decided_at::date and decision.decided_at::date + 21
            then invoice.total_amount
    end as amount,
    coalesce(renewal.currency, invoice.currency) as currency
from first_decisions as decision
left join renewals as renewal on decision.subject_type = 'contract' and renewal.contract_id = decision.subject_id
left join marts.invoices as invoice on decision.subject_type = 'invoice' and invoice.invoice_id = decision.subject_id
left join marts.zones as zone on decision.subject_type = 'zone' and zone.zone_id = decision.subject_id
