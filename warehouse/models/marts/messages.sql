-- description: One row per message ever planned: its way and what came of it.
-- depends: staging.journal__messages, marts.message_events, staging.providers__prices

-- column: message_id             | Our message: derived from campaign, run, contact and step.
-- column: campaign_id            | Campaign.
-- column: run_id                 | One occurrence of a campaign.
-- column: step                   | Step of the campaign, e.g. renewal_30.
-- column: variant                | Arm of the experiment.
-- column: contact_id             | CRM contact.
-- column: company_id             | CRM company.
-- column: channel                | How the person is reached.
-- column: purpose                | What the message is for, and so which consent it needs.
-- column: subject_type           | What it is about: contact, company, contract, invoice, quote, zone, ticket or opportunity.
-- column: subject_id             | Which one.
-- column: template_id            | Template.
-- column: template_version       | Version of the template.
-- column: language               | Language of the text: en or th.
-- column: status                 | Where it stands on the ladder, or how it ended.
-- column: planned_at             | When it was planned, UTC.
-- column: accepted_at            | When the provider took it, UTC.
-- column: sent_at                | When it left the provider, UTC; where none says so, when it was taken.
-- column: delivered_at           | When it arrived, UTC. Email: taken and not bounced. LINE reports none: null.
-- column: first_opened_at        | First open or read by anybody, machines too, UTC.
-- column: first_human_opened_at  | First open or read by a person, UTC.
-- column: first_clicked_at       | First click by anybody, machines too, UTC.
-- column: first_human_clicked_at | First click by a person, UTC.
-- column: replied_at             | First reply, UTC.
-- column: unsubscribed_at        | When this message made the person unsubscribe, UTC.
-- column: complained_at          | When the person called it spam, UTC.
-- column: failed_at              | When it was known to have failed, UTC.
-- column: error_class            | What the failure means for us.
-- column: error_code             | The provider's code.
-- column: reason                 | Why it failed, was suppressed or waits, in words.
-- column: provider_message_id    | The provider's id.
-- column: billed_category        | What WhatsApp bills it as; null before it says so, and on other channels.
-- column: cost_amount            | What the provider asks for it, in cost_currency; null before it was taken, and where no price is known.
-- column: cost_currency          | ISO 4217 code of the cost.
-- column: snapshot_id            | Build of the warehouse that was decided on.

-- unique: message_id
-- key: message_id
-- touched: select message_id as key, planned_at as since from raw.journal__messages
-- touched: where _load_number > taken('journal__messages')
-- touched: or message_id in (select message_id from raw.journal__events where _load_number > taken('journal__events'))
-- partition: planned_at
-- not_null: message_id, campaign_id, contact_id, channel, status, planned_at
-- accepted: status | planned, claimed, in_doubt, accepted, held, sent, delivered, read, failed, expired, cancelled, suppressed
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: purpose | renewal, payment, seasonal, quarterly, service_alert, quote, contract, invoice, marketing
-- assert: first_human_opened_at is null or first_opened_at <= first_human_opened_at
-- relation: campaign_id -> staging.journal__campaigns.campaign_id
-- relation: run_id -> staging.journal__campaign_runs.run_id
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: company_id -> marts.companies.company_id | warning: whom the CRM deleted is not here after a rebuild from it
-- relation: template_id -> staging.journal__templates.template_id
-- unrelated: subject_id | a contract, invoice or zone: subject_type says which
-- unrelated: snapshot_id | a build of the warehouse; only its result is kept
-- unrelated: provider_message_id | the provider's own

with engagement as (
    select
        message_id,
        min(occurred_at) filter (event_type in ('opened', 'read')) as first_opened_at,
        min(occurred_at) filter (event_type in ('opened', 'read') and actor = 'human') as first_human_opened_at,
        min(occurred_at) filter (event_type = 'clicked') as first_clicked_at,
        min(occurred_at) filter (event_type = 'clicked' and actor = 'human') as first_human_clicked_at,
        min(occurred_at) filter (event_type = 'replied') as replied_at,
        min(occurred_at) filter (event_type in ('unsubscribed', 'blocked', 'complained')) as unsubscribed_at,
        min(occurred_at) filter (event_type = 'complained') as complained_at,
        max(billed_category) as billed_category,
        bool_or(is_billed) as is_billed
    from marts.message_events
    where message_id is not null
    --+ and message_id in (select key from touched)
    group by all
)

select
    message.message_id,
    message.campaign_id,
    message.run_id,
    message.step,
    message.variant,
    message.contact_id,
    message.company_id,
    message.channel,
    message.purpose,
    message.subject_type,
    message.subject_id,
    message.template_id,
    message.template_version,
    message.language,
    message.status,
    message.planned_at,
    message.accepted_at,
    coalesce(message.sent_at, message.accepted_at) as sent_at,
    case
        when message.channel = 'email' and message.status <> 'failed' then message.accepted_at
        else coalesce(message.delivered_at, message.read_at)
    end as delivered_at,
    engagement.first_opened_at,
    engagement.first_human_opened_at,
    engagement.first_clicked_at,
    engagement.first_human_clicked_at,
    engagement.replied_at,
    engagement.unsubscribed_at,
    engagement.complained_at,
    message.failed_at,
    message.error_class,
    message.error_code,
    message.reason,
    message.provider_message_id,
    engagement.billed_category,
    -- What a provider has told is its bill; else the price list of the moment it took the message says it. WhatsApp bills
    -- what arrives, and says whether and as what.
    case
        when message.cost_amount is not null then message.cost_amount
        when message.accepted_at is null then null
        when message.channel = 'whatsapp' and (message.status = 'failed' or engagement.is_billed = false) then 0
        else coalesce(own.price, rest.price)
    end::decimal(12, 6) as cost_amount,
    case
        when message.cost_amount is not null then message.cost_currency
        when message.accepted_at is not null then coalesce(own.currency, rest.currency)
    end as cost_currency,
    message.snapshot_id
from staging.journal__messages as message
left join engagement using (message_id)
left join staging.providers__prices as own
    on
        message.channel = own.channel
        and own.calling_code <> ''
        and engagement.billed_category = own.category
        and calling_code(message.address) = own.calling_code
        and message.accepted_at >= own.valid_from
        and message.accepted_at < own.valid_until
left join staging.providers__prices as rest
    on
        message.channel = rest.channel
        and rest.calling_code = ''
        and coalesce(engagement.billed_category, '') = rest.category
        and message.accepted_at >= rest.valid_from
        and message.accepted_at < rest.valid_until
--+ where message.message_id in (select key from touched) and message.planned_at >= touched_since()
