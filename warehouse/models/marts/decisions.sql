-- description: One row per considered contact, step and subject of a run: what was decided and why.
-- depends: raw.campaigns__decisions, staging.journal__transactional_sends

-- column: run_id         | One occurrence of a campaign.
-- column: campaign_id    | Campaign.
-- column: step           | Step of the campaign, e.g. renewal_30.
-- column: contact_id     | CRM contact.
-- column: company_id     | CRM company.
-- column: subject_type   | What it is about: contact, company, contract, invoice, quote, zone, ticket or opportunity.
-- column: subject_id     | Which one.
-- column: outcome        | What was decided; exactly one.
-- column: reason         | Why, with the values that decided.
-- column: channel        | How the person would be reached.
-- column: variant        | Arm of the experiment: holdout, or the text's variant.
-- column: deferred_until | Until when it waits, UTC: who is deferred is decided again then, a message goes then at the earliest.
-- column: decided_at     | When it was decided, UTC.
-- column: snapshot_id    | Build of the warehouse that was decided on.

-- unique: run_id, contact_id, step, subject_id
-- partition: decided_at
-- not_null: run_id, contact_id, step, subject_id, outcome, reason, decided_at
-- accepted: outcome | ineligible, stale_data, no_consent, suppressed, no_address, invalid_address, duplicate_address, crm_hold, account_limit, holdout, already_sent, conflict, capped, window_closed, template_unavailable, quota, deferred, send
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- relation: run_id -> staging.journal__campaign_runs.run_id | warning: the store's newest rows come with its next load
-- relation: campaign_id -> staging.journal__campaigns.campaign_id | warning: the store's newest rows come with its next load
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: company_id -> marts.companies.company_id | warning: whom the CRM deleted is not here after a rebuild from it
-- unrelated: subject_id | a contract, invoice or zone: subject_type says which
-- unrelated: snapshot_id | a build of the warehouse; only its result is kept

select
    run_id,
    campaign_id,
    step,
    contact_id,
    company_id,
    subject_type,
    subject_id,
    outcome,
    reason,
    channel,
    variant,
    deferred_until,
    decided_at,
    snapshot_id
from raw.campaigns__decisions
union all
select
    run_id,
    campaign_id,
    step,
    contact_id,
    company_id,
    subject_type,
    subject_id,
    outcome,
    reason,
    channel,
    'a' as variant,
    null::timestamptz as deferred_until,
    decided_at,
    snapshot_id
from staging.journal__transactional_sends
