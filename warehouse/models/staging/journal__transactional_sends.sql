-- description: One row per message that was asked for by the API, and what was decided about it: nothing else.
-- depends: raw.journal__transactional_sends

-- column: send_id      | Which wish: derived from caller and Idempotency-Key.
-- column: wish_hash    | Hash of what was asked for: the same key with another wish is refused.
-- column: caller       | Who asked: user:… or token:….
-- column: campaign_id  | Campaign.
-- column: run_id       | One occurrence of a campaign.
-- column: step         | Step of the campaign, e.g. renewal_30.
-- column: contact_id   | CRM contact.
-- column: company_id   | CRM company.
-- column: subject_type | What it is about: contact, company, contract, invoice, quote, zone, ticket or opportunity.
-- column: subject_id   | Which one.
-- column: outcome      | What was decided; exactly one.
-- column: reason       | Why, with the values that decided.
-- column: channel      | How the person would be reached.
-- column: message_id   | Our message: derived from campaign, run, contact and step.
-- column: snapshot_id  | Build of the warehouse that was decided on.
-- column: decided_at   | When it was decided, UTC.
-- column: updated_at   | When the store last changed the row, UTC.

-- unique: send_id
-- not_null: send_id, run_id, contact_id, outcome
-- accepted: outcome | ineligible, stale_data, no_consent, suppressed, no_address, invalid_address, duplicate_address, crm_hold, account_limit, holdout, already_sent, conflict, capped, window_closed, template_unavailable, quota, deferred, send
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

select
    send_id,
    wish_hash,
    caller,
    campaign_id,
    run_id,
    step,
    contact_id,
    company_id,
    subject_type,
    subject_id,
    outcome,
    reason,
    channel,
    message_id,
    snapshot_id,
    decided_at,
    updated_at
from raw.journal__transactional_sends
