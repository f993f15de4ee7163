-- description: Messages by where they stand now, planned and in doubt too.
-- grain: campaign_id, run_id, channel, status
-- unit: messages
select
    campaign_id,
    run_id,
    channel,
    status,
    messages as numerator
from marts.run_statuses
