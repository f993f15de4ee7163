-- question: Which messages does nobody know the fate of?
select
    message_id,
    channel,
    campaign_id,
    step,
    planned_at,
    reason
from marts.messages
where status = 'in_doubt'
order by planned_at
