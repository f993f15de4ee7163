-- description: Emails that were taken, by the recipients' mail domain and where they stand.
-- grain: metric_date, email_domain, status
-- unit: messages
select
    metric_date,
    email_domain,
    status,
    messages as numerator
from marts.daily_mail_domains
