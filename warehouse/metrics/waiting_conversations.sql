-- description: Threads in which a person waits for an answer now.
-- grain: channel, urgency
-- unit: conversations
select
    channel,
    urgency,
    count(*) as numerator
from marts.conversations
where waiting_since is not null
group by all
