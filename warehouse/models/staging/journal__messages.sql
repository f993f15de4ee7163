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
-- column: template_version    | Version of the template.
-- column: language            | Language of the text: en or th.
-- column: variables           | What the template may use, JSON.
-- column: subject_type        | What it is about: contact, company, contract, invoice, quote, zone, ticket or opportunity.
-- column: subject_id          | Which one.
-- column: priority            | Which goes first: the smaller.
-- column: status              | Where it stands on the ladder, or how it ended.
-- column: error_class         | What the failure means for us.
-- column: error_code          | The provider's code.
-- column: reason              | Why, in words.
-- column: provider_message_id | The provider's id.
-- column: attempts            | How often it was handed to the provider.
-- column: not_before          | When it may go out at the earliest, UTC.
-- column: expires_at          | When it is no longer worth sending, UTC.
-- column: claimed_by          | Worker that took it to send.
-- column: lease_until         | Until when the worker has it, UTC.
-- column: cost_amount         | What the provider asks for it, in cost_currency.
-- column: cost_currency       | ISO 4217 code of the cost.
-- column: snapshot_id         | Build of the warehouse that was decided on.
-- column: planned_at          | When it was planned, UTC.
-- column: claimed_at          | When a worker took it to send, UTC.
-- column: accepted_at         | When the provider took it, UTC.
-- column: sent_at             | When the provider sent it, UTC.
-- column: delivered_at        | When it arrived, by the provider, UTC.
-- column: read_at             | When it was read, by the provider, UTC.
-- column: failed_at           | When it was known to have failed, UTC.
-- column: updated_at          | When the store last changed the row, UTC.

-- unique: message_id
-- not_null: message_id
-- key: message_id
-- touched: select message_id as key from raw.journal__messages where _load_number > taken('journal__messages')
-- fixed: run_id, contact_id
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
--+ where _load_number > taken('journal__messages')
