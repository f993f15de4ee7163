-- question: How many messages stand where?
-- metrics: messages | by channel, status
select
    channel,
    status,
    sum(messages)::bigint as messages
from marts.run_statuses
group by all
order by channel, status
