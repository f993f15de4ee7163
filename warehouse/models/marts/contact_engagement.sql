-- description: One row per contact: what was sent to the person and what the person did, in 30 and 90 days, by channel.
-- depends: marts.contacts, marts.companies, marts.messages, marts._last_engaged

-- column: contact_id                | CRM contact.
-- column: last_engaged_at           | Last open, read, click or reply of the person, UTC.
-- column: sent_30d                  | Messages taken in the last 30 days.
-- column: sent_90d                  | Messages taken in the last 90 days.
-- column: delivered_30d             | Messages that arrived in the last 30 days.
-- column: delivered_90d             | Messages that arrived in the last 90 days.
-- column: human_opens_30d           | Messages opened or read by a person in the last 30 days.
-- column: human_opens_90d           | Messages opened or read by a person in the last 90 days.
-- column: human_clicks_30d          | Messages clicked by a person in the last 30 days.
-- column: human_clicks_90d          | Messages clicked by a person in the last 90 days.
-- column: replies_30d               | Messages answered in the last 30 days.
-- column: replies_90d               | Messages answered in the last 90 days.
-- column: email_sent_30d            | By email: messages taken in the last 30 days.
-- column: email_sent_90d            | By email: messages taken in the last 90 days.
-- column: email_delivered_30d       | By email: messages that arrived in the last 30 days.
-- column: email_delivered_90d       | By email: messages that arrived in the last 90 days.
-- column: email_human_opens_30d     | By email: messages opened or read by a person in the last 30 days.
-- column: email_human_opens_90d     | By email: messages opened or read by a person in the last 90 days.
-- column: email_human_clicks_30d    | By email: messages clicked by a person in the last 30 days.
-- column: email_human_clicks_90d    | By email: messages clicked by a person in the last 90 days.
-- column: email_replies_30d         | By email: messages answered in the last 30 days.
-- column: email_replies_90d         | By email: messages answered in the last 90 days.
-- column: whatsapp_sent_30d         | By whatsapp: messages taken in the last 30 days.
-- column: whatsapp_sent_90d         | By whatsapp: messages taken in the last 90 days.
-- column: whatsapp_delivered_30d    | By whatsapp: messages that arrived in the last 30 days.
-- column: whatsapp_delivered_90d    | By whatsapp: messages that arrived in the last 90 days.
-- column: whatsapp_human_opens_30d  | By whatsapp: messages opened or read by a person in the last 30 days.
-- column: whatsapp_human_opens_90d  | By whatsapp: messages opened or read by a person in the last 90 days.
-- column: whatsapp_human_clicks_30d | By whatsapp: messages clicked by a person in the last 30 days.
-- column: whatsapp_human_clicks_90d | By whatsapp: messages clicked by a person in the last 90 days.
-- column: whatsapp_replies_30d      | By whatsapp: messages answered in the last 30 days.
-- column: whatsapp_replies_90d      | By whatsapp: messages answered in the last 90 days.
-- column: line_sent_30d             | By line: messages taken in the last 30 days.
-- column: line_sent_90d             | By line: messages taken in the last 90 days.
-- column: line_delivered_30d        | By line: messages that arrived in the last 30 days.
-- column: line_delivered_90d        | By line: messages that arrived in the last 90 days.
-- column: line_human_opens_30d      | By line: messages opened or read by a person in the last 30 days.
-- column: line_human_opens_90d      | By line: messages opened or read by a person in the last 90 days.
-- column: line_human_clicks_30d     | By line: messages clicked by a person in the last 30 days.
-- column: line_human_clicks_90d     | By line: messages clicked by a person in the last 90 days.
-- column: line_replies_30d          | By line: messages answered in the last 30 days.
-- column: line_replies_90d          | By line: messages answered in the last 90 days.
-- column: recency_days              | Days since the person last engaged; null if never.
-- column: recency                   | Score 1 to 5 of recency, 5 is most recent; 1 if never.
-- column: frequency                 | Engagements of the person in the last 90 days.
-- column: monetary                  | Value of the company's active contracts, in currency.
-- column: currency                  | ISO 4217 code of monetary.
-- column: engagement_score          | 0 to 100: 40 for recency within 30 days, 10 for each human open, 20 for each click or reply in 90 days.
-- column: engagement_tier           | hot from 60, warm from 20, cold below, new without a message in 90 days.
-- column: rfm_segment               | champion, loyal, at_risk, quiet or new, by recency and frequency.

-- unique: contact_id
-- not_null: contact_id
-- accepted: engagement_tier | hot, warm, cold, new
-- assert: engagement_score between 0 and 100
-- relation: contact_id -> marts.contacts.contact_id

with counted as (
    select
        contact_id,
        count(*) filter (accepted_at > getvariable('now') - interval 30 days) as sent_30d,
        count(*) filter (accepted_at > getvariable('now') - interval 90 days) as sent_90d,
        count(*) filter (delivered_at > getvariable('now') - interval 30 days) as delivered_30d,
        count(*) filter (delivered_at > getvariable('now') - interval 90 days) as delivered_90d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 30 days) as human_opens_30d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 90 days) as human_opens_90d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 30 days) as human_clicks_30d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 90 days) as human_clicks_90d,
        count(*) filter (replied_at > getvariable('now') - interval 30 days) as replies_30d,
        count(*) filter (replied_at > getvariable('now') - interval 90 days) as replies_90d,
        count(*) filter (accepted_at > getvariable('now') - interval 30 days and channel = 'email') as email_sent_30d,
        count(*) filter (accepted_at > getvariable('now') - interval 90 days and channel = 'email') as email_sent_90d,
        count(*) filter (delivered_at > getvariable('now') - interval 30 days and channel = 'email') as email_delivered_30d,
        count(*) filter (delivered_at > getvariable('now') - interval 90 days and channel = 'email') as email_delivered_90d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 30 days and channel = 'email') as email_human_opens_30d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 90 days and channel = 'email') as email_human_opens_90d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 30 days and channel = 'email') as email_human_clicks_30d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 90 days and channel = 'email') as email_human_clicks_90d,
        count(*) filter (replied_at > getvariable('now') - interval 30 days and channel = 'email') as email_replies_30d,
        count(*) filter (replied_at > getvariable('now') - interval 90 days and channel = 'email') as email_replies_90d,
        count(*) filter (accepted_at > getvariable('now') - interval 30 days and channel = 'whatsapp') as whatsapp_sent_30d,
        count(*) filter (accepted_at > getvariable('now') - interval 90 days and channel = 'whatsapp') as whatsapp_sent_90d,
        count(*) filter (delivered_at > getvariable('now') - interval 30 days and channel = 'whatsapp') as whatsapp_delivered_30d,
        count(*) filter (delivered_at > getvariable('now') - interval 90 days and channel = 'whatsapp') as whatsapp_delivered_90d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 30 days and channel = 'whatsapp') as whatsapp_human_opens_30d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 90 days and channel = 'whatsapp') as whatsapp_human_opens_90d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 30 days and channel = 'whatsapp') as whatsapp_human_clicks_30d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 90 days and channel = 'whatsapp') as whatsapp_human_clicks_90d,
        count(*) filter (replied_at > getvariable('now') - interval 30 days and channel = 'whatsapp') as whatsapp_replies_30d,
        count(*) filter (replied_at > getvariable('now') - interval 90 days and channel = 'whatsapp') as whatsapp_replies_90d,
        count(*) filter (accepted_at > getvariable('now') - interval 30 days and channel = 'line') as line_sent_30d,
        count(*) filter (accepted_at > getvariable('now') - interval 90 days and channel = 'line') as line_sent_90d,
        count(*) filter (delivered_at > getvariable('now') - interval 30 days and channel = 'line') as line_delivered_30d,
        count(*) filter (delivered_at > getvariable('now') - interval 90 days and channel = 'line') as line_delivered_90d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 30 days and channel = 'line') as line_human_opens_30d,
        count(*) filter (first_human_opened_at > getvariable('now') - interval 90 days and channel = 'line') as line_human_opens_90d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 30 days and channel = 'line') as line_human_clicks_30d,
        count(*) filter (first_human_clicked_at > getvariable('now') - interval 90 days and channel = 'line') as line_human_clicks_90d,
        count(*) filter (replied_at > getvariable('now') - interval 30 days and channel = 'line') as line_replies_30d,
        count(*) filter (replied_at > getvariable('now') - interval 90 days and channel = 'line') as line_replies_90d
    from marts.messages
    where
        accepted_at is not null
        and greatest(accepted_at, delivered_at, first_human_opened_at, first_human_clicked_at, replied_at)
        > getvariable('now') - interval 90 days
    group by all
),

scored as (
    select
        contact.contact_id,
        counted.* exclude (contact_id),
        engaged.last_engaged_at,
        -- Days of UTC; of times with a zone this takes longer than all the rest.
        date_diff(
            'day', make_timestamp(epoch_us(engaged.last_engaged_at)), make_timestamp(epoch_us(getvariable('now')))
        ) as recency_days,
        coalesce(counted.human_opens_90d + counted.human_clicks_90d + counted.replies_90d, 0) as frequency,
        company.contract_value as monetary,
        company.currency,
        least(
            100,
            case when engaged.last_engaged_at > getvariable('now') - interval 30 days then 40 else 0 end
            + 10 * coalesce(counted.human_opens_90d, 0)
            + 20 * coalesce(counted.human_clicks_90d + counted.replies_90d, 0)
        ) as engagement_score
    from marts.contacts as contact
    left join marts.companies as company using (company_id)
    left join counted using (contact_id)
    left join marts._last_engaged as engaged using (contact_id)
)

select
    contact_id,
    last_engaged_at,
    coalesce(sent_30d, 0) as sent_30d,
    coalesce(sent_90d, 0) as sent_90d,
    coalesce(delivered_30d, 0) as delivered_30d,
    coalesce(delivered_90d, 0) as delivered_90d,
    coalesce(human_opens_30d, 0) as human_opens_30d,
    coalesce(human_opens_90d, 0) as human_opens_90d,
    coalesce(human_clicks_30d, 0) as human_clicks_30d,
    coalesce(human_clicks_90d, 0) as human_clicks_90d,
    coalesce(replies_30d, 0) as replies_30d,
    coalesce(replies_90d, 0) as replies_90d,
    coalesce(email_sent_30d, 0) as email_sent_30d,
    coalesce(email_sent_90d, 0) as email_sent_90d,
    coalesce(email_delivered_30d, 0) as email_delivered_30d,
    coalesce(email_delivered_90d, 0) as email_delivered_90d,
    coalesce(email_human_opens_30d, 0) as email_human_opens_30d,
    coalesce(email_human_opens_90d, 0) as email_human_opens_90d,
    coalesce(email_human_clicks_30d, 0) as email_human_clicks_30d,
    coalesce(email_human_clicks_90d, 0) as email_human_clicks_90d,
    coalesce(email_replies_30d, 0) as email_replies_30d,
    coalesce(email_replies_90d, 0) as email_replies_90d,
    coalesce(whatsapp_sent_30d, 0) as whatsapp_sent_30d,
    coalesce(whatsapp_sent_90d, 0) as whatsapp_sent_90d,
    coalesce(whatsapp_delivered_30d, 0) as whatsapp_delivered_30d,
    coalesce(whatsapp_delivered_90d, 0) as whatsapp_delivered_90d,
    coalesce(whatsapp_human_opens_30d, 0) as whatsapp_human_opens_30d,
    coalesce(whatsapp_human_opens_90d, 0) as whatsapp_human_opens_90d,
    coalesce(whatsapp_human_clicks_30d, 0) as whatsapp_human_clicks_30d,
    coalesce(whatsapp_human_clicks_90d, 0) as whatsapp_human_clicks_90d,
    coalesce(whatsapp_replies_30d, 0) as whatsapp_replies_30d,
    coalesce(whatsapp_replies_90d, 0) as whatsapp_replies_90d,
    coalesce(line_sent_30d, 0) as line_sent_30d,
    coalesce(line_sent_90d, 0) as line_sent_90d,
    coalesce(line_delivered_30d, 0) as line_delivered_30d,
    coalesce(line_delivered_90d, 0) as line_delivered_90d,
    coalesce(line_human_opens_30d, 0) as line_human_opens_30d,
    coalesce(line_human_opens_90d, 0) as line_human_opens_90d,
    coalesce(line_human_clicks_30d, 0) as line_human_clicks_30d,
    coalesce(line_human_clicks_90d, 0) as line_human_clicks_90d,
    coalesce(line_replies_30d, 0) as line_replies_30d,
    coalesce(line_replies_90d, 0) as line_replies_90d,
    recency_days,
    case
        when recency_days <= 7 then 5
        when recency_days <= 30 then 4
        when recency_days <= 60 then 3
        when recency_days <= 90 then 2
        else 1
    end as recency,
    frequency,
    monetary,
    currency,
    engagement_score,
    case
        when coalesce(sent_90d, 0) = 0 then 'new'
        when engagement_score >= 60 then 'hot'
        when engagement_score >= 20 then 'warm'
        else 'cold'
    end as engagement_tier,
    case
        when coalesce(sent_90d, 0) = 0 then 'new'
        when recency_days <= 30 and frequency >= 3 then 'champion'
        when recency_days <= 30 then 'loyal'
        when frequency > 0 then 'at_risk'
        else 'quiet'
    end as rfm_segment
from scored
