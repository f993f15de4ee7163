-- description: One row per day of the provider, channel, campaign and template: what we say was taken, and what is unsure.
-- depends: marts._taken_by_run

-- column: metric_date    | Day on which the provider took the messages: its own day, so that counts can be compared.
-- column: channel        | How people are reached.
-- column: campaign_id    | Campaign.
-- column: template_id    | Template.
-- column: day_ahead      | How far the channel's day is ahead of UTC.
-- column: our_count      | Messages taken that day, by our ledger.
-- column: webhook_count  | Those of our_count of which anything came back: a status, an open, a click, a reply, a bounce.
-- column: in_doubt_count | Messages claimed that day of which nobody knows whether the provider took them.
-- column: midnight_count | Messages claimed on one day and taken on another: the provider may count them on either.

-- unique: metric_date, channel, campaign_id, template_id
-- not_null: metric_date, channel, campaign_id, template_id, our_count
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- relation: campaign_id -> staging.journal__campaigns.campaign_id
-- relation: template_id -> staging.journal__templates.template_id

select
    metric_date,
    channel,
    campaign_id,
    template_id,
    day_ahead,
    sum(our_count)::bigint as our_count,
    sum(webhook_count)::bigint as webhook_count,
    sum(in_doubt_count)::bigint as in_doubt_count,
    sum(midnight_count)::bigint as midnight_count
from marts._taken_by_run
group by all
