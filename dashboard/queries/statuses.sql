-- question: How many messages stand where?
-- metrics: messages | by channel, status
select
    channel,
    status,
    count(*) as messages
from marts.messages
group by all
order by channel, status
