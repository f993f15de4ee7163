-- question: How do the emails of the last $days days stand, by the recipients' mail domain?
-- metrics: messages = mail_messages | by email_domain, status
select
    contact.email_domain,
    message.status,
    count(*) as messages
from marts.messages as message
inner join marts.contacts as contact on contact.contact_id = message.contact_id
where
    message.channel = 'email'
    and (message.accepted_at at time zone 'Asia/Bangkok')::date > (now() at time zone 'Asia/Bangkok')::date - $days::integer
group by all
order by messages desc, contact.email_domain
limit 200
