-- description: One row per message of the store: nothing else.
-- depends: raw.journal__messages

-- column: message_id          | Our message.
-- column: campaign_id         | Campaign.
-- column: run_id              | One occurrence of a campaign.
-- column: step                | Step of the campaign, e.g. renewal_30.
-- column: variant             | Arm of the experiment.
-- column: contact_id          | CRM contact.
-- column: company_id          | CRM company.
-- column: channel             | How the person is reached.
-- column: purpose             | What the message is for, and so which consent it needs.
-- column: address             | The address on that channel.
-- column: template_id         | Template.
-- column: template_version    | Template version as its source has it.
-- column: language            | Language of the text: en or th.
-- column: variables           | What the template may use, JSON.
-- column: subject_type        | Subject type as its source has it.
-- column: subject_id          | Identifier of the subject.
-- column: priority            | Priority as its source has it.
-- column: status              | State in the words of its source.
-- column: error_class         | Error class as its source has it.
-- column: error_code          | Error code as its source has it.
-- column: reason              | Why, in words.
-- column: provider_message_id | Identifier of the provider message.
-- column: attempts            | Attempts as its source has it.
-- column: not_before          | Not before as its source has it.
-- column: expires_at          | When expires, UTC.
-- column: claimed_by          | Claimed by as its source has it.
-- column: lease_until         | Lease until as its source has it.
-- column: cost_amount         | Cost amount as its source has it.
-- column: cost_currency       | Cost currency as its source has it.
-- column: snapshot_id         | Build of the warehouse that was decided on.
-- column: planned_at          | When planned, UTC.
-- column: claimed_at          | When claimed, UTC.
-- column: accepted_at         | When accepted, UTC.
-- column: sent_at             | When sent, UTC.
-- column: delivered_at        | When delivered, UTC.
-- column: read_at             | When read, UTC.
-- column: failed_at           | When failed, UTC.
-- column: updated_at          | When the CRM says it last changed, UTC; misses some changes.

-- unique: message_id
-- not_null: message_id
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: purpose | renewal, payment, seasonal, quarterly, service_alert, quote, contract, invoice, marketing
-- accepted: status | planned, claimed, in_doubt, accepted, held, sent, delivered, read, failed, expired, cancelled, suppressed

select
    message_id,
    campaign_id,
    run_id,
    step,
    variant,
    contact_id,
    company_id,
    channel,
    purpose,
    address,
    template_id,
    template_version,
    language,
    variables,
    subject_type,
    subject_id,
    priority,
    status,
    error_class,
    error_code,
    reason,
    provider_message_id,
    attempts,
    not_before,
    expires_at,
    claimed_by,
    lease_until,
    cost_amount,
    cost_currency,
    snapshot_id,
    planned_at,
    claimed_at,
    accepted_at,
    sent_at,
    delivered_at,
    read_at,
    failed_at,
    updated_at
from raw.journal__messages
