-- question: Do people react less, the more messages they get?
select
    least(sent_30d, 6) as messages_30d,
    count(*) as contacts,
    sum(human_opens_30d)::bigint as opened_human,
    sum(human_clicks_30d)::bigint as clicked_human,
    sum(replies_30d)::bigint as replied
from marts.contact_engagement
where sent_30d > 0
group by all
order by messages_30d
