-- description: What people did with messages: opened, read, clicked, replied; by weekday and hour in Bangkok.
-- grain: metric_date, channel, weekday, hour_of_day
-- unit: events
select
    metric_date,
    channel,
    weekday,
    hour_of_day,
    reactions as numerator
from marts.hourly_reactions
