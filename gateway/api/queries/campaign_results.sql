-- question: What did the runs of a campaign come to?
select
    run_id,
    campaign_id,
    variant,
    channel,
    currency,
    decided_at,
    audience,
    held_out,
    sent,
    delivered,
    opened_raw,
    opened_human,
    clicked_raw,
    clicked_human,
    replied,
    unsubscribed,
    bounced,
    failed,
    converted,
    converted_holdout,
    lift,
    lift_low,
    lift_high,
    revenue,
    incremental_revenue,
    cost,
    cost_currency,
    unpriced
from marts.campaign_results
where campaign_id = $campaign_id
order by decided_at desc, run_id asc, variant asc, channel asc
