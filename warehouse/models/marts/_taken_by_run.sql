-- description: One row per run, day of the provider, channel, campaign and template: what we say was taken, and what is unsure.
-- depends: staging.journal__messages, staging.journal__events

-- column: run_id         | One occurrence of a campaign.
-- column: metric_date    | Day on which the provider took the messages: its own day, so that counts can be compared.
-- column: channel        | How people are reached.
-- column: campaign_id    | Campaign.
-- column: template_id    | Template.
-- column: day_ahead      | How far the channel's day is ahead of UTC.
-- column: our_count      | Messages taken that day, by our ledger.
-- column: webhook_count  | Those of our_count of which anything came back: a status, an open, a click, a reply, a bounce.
-- column: in_doubt_count | Messages claimed that day of which nobody knows whether the provider took them.
-- column: midnight_count | Messages claimed on one day and taken on another: the provider may count them on either.

-- unique: run_id, metric_date, channel, campaign_id, template_id
-- key: run_id
-- touched: select run_id as key, min(planned_at) as since from raw.journal__messages where run_id in (
-- touched: select run_id from raw.journal__messages where _load_number > taken('journal__messages')
-- touched: or message_id in (select message_id from raw.journal__events where _load_number > taken('journal__events'))
-- touched: ) group by run_id
-- not_null: run_id, metric_date, channel, campaign_id, template_id, our_count
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- relation: run_id -> staging.journal__campaign_runs.run_id
-- relation: campaign_id -> staging.journal__campaigns.campaign_id
-- relation: template_id -> staging.journal__templates.template_id

-- Days: LINE counts by UTC+9, WhatsApp by UTC; who has no counters is counted by Bangkok's days.
with heard as (
    select distinct message_id
    from staging.journal__events
    where message_id is not null
    --+ and message_id in (
    --+     select message_id from staging.journal__messages
    --+     where run_id in (select key from touched) and planned_at >= touched_since()
    --+ )
),

dated as (
    select
        message.*,
        heard.message_id is not null as is_heard,
        case message.channel
            when 'line' then interval 9 hours
            when 'whatsapp' then interval 0 hours
            else interval 7 hours
        end as day_ahead,
        -- WhatsApp says itself when it sent; others are asked when we heard that they had taken it.
        case
            when message.status = 'in_doubt' then message.claimed_at
            when message.channel = 'whatsapp' then coalesce(message.sent_at, message.accepted_at)
            else message.accepted_at
        end as taken_at
    from staging.journal__messages as message
    left join heard using (message_id)
    where
        (
            message.status = 'in_doubt'
            or (
                message.accepted_at is not null
                -- What WhatsApp holds, or refused after it took it, it has not sent and does not count.
                and not (message.channel = 'whatsapp' and message.status = 'held')
                and not (message.channel = 'whatsapp' and message.status = 'failed' and message.sent_at is null)
            )
        )
        --+ and message.run_id in (select key from touched) and message.planned_at >= touched_since()
),

placed as (
    select
        *,
        ((taken_at at time zone 'UTC') + day_ahead)::date as taken_date,
        ((coalesce(claimed_at, taken_at) at time zone 'UTC') + day_ahead)::date as claimed_date
    from dated
),

counted as (
    select
        run_id,
        taken_date as metric_date,
        channel,
        campaign_id,
        template_id,
        day_ahead,
        (status <> 'in_doubt')::integer as ours,
        (status <> 'in_doubt' and is_heard)::integer as webhooks,
        (status = 'in_doubt')::integer as doubts,
        (claimed_date <> taken_date)::integer as midnights
    from placed
    union all
    select
        run_id,
        claimed_date as metric_date,
        channel,
        campaign_id,
        template_id,
        day_ahead,
        0 as ours,
        0 as webhooks,
        0 as doubts,
        1 as midnights
    from placed
    where claimed_date <> taken_date
)

select
    run_id,
    metric_date,
    channel,
    campaign_id,
    template_id,
    day_ahead,
    sum(ours)::bigint as our_count,
    sum(webhooks)::bigint as webhook_count,
    sum(doubts)::bigint as in_doubt_count,
    sum(midnights)::bigint as midnight_count
from counted
group by all
