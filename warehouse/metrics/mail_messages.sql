-- description: Emails that were taken, by the recipients' mail domain and where they stand.
-- grain: metric_date, email_domain, status
-- unit: messages
select
    (message.accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    contact.email_domain,
    message.status,
    count(*) as numerator
from marts.messages as message
inner join marts.contacts as contact on contact.contact_id = message.contact_id
where message.channel = 'email' and message.accepted_at is not null
group by all
