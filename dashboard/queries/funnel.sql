-- question: How far did a campaign get, by channel?
-- metrics: sent, delivered, opened_raw, opened_human, clicked_raw, clicked_human, replied | by channel
select
    channel,
    sum(sent)::bigint as sent,
    sum(delivered)::bigint as delivered,
    sum(opened_raw)::bigint as opened_raw,
    sum(opened_human)::bigint as opened_human,
    sum(clicked_raw)::bigint as clicked_raw,
    sum(clicked_human)::bigint as clicked_human,
    sum(replied)::bigint as replied
from marts.campaign_results
where campaign_id = $campaign_id and ($run_id = '' or run_id = $run_id) and channel <> 'none'
group by channel
order by channel
