-- question: How do the emails of the last $days days stand, by the recipients' mail domain?
-- metrics: messages = mail_messages | by email_domain, status
select
    email_domain,
    status,
    sum(messages)::bigint as messages
from marts.daily_mail_domains
where metric_date > (now() at time zone 'Asia/Bangkok')::date - $days::integer
group by all
order by messages desc, email_domain
limit 200
