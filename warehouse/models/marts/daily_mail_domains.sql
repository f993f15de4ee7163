-- description: One row per day (Bangkok), mail domain and status: emails that were taken. Others add it up.
-- depends: marts.messages, marts.contacts

-- column: metric_date  | Day on which the provider took the messages, in Bangkok.
-- column: email_domain | Mail domain of the address: who takes the mail in; null without an address.
-- column: status       | Where it stands on the ladder, or how it ended.
-- column: messages     | Messages.

-- unique: metric_date, email_domain, status
-- not_null: metric_date, status, messages

select
    (message.accepted_at at time zone 'Asia/Bangkok')::date as metric_date,
    contact.email_domain,
    message.status,
    count(*) as messages
from marts.messages as message
inner join marts.contacts as contact on contact.contact_id = message.contact_id
where message.channel = 'email' and message.accepted_at is not null
group by all
