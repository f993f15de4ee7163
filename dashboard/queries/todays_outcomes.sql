-- question: How did everybody considered on one day become the messages sent?
-- metrics: contacts = decided | by outcome
select
    outcome,
    sum(contacts)::bigint as contacts
from marts.daily_outcomes
where metric_date = $day::date
group by outcome
order by
    list_position([
        'ineligible', 'stale_data', 'no_consent', 'suppressed', 'no_address', 'invalid_address',
        'duplicate_address', 'crm_hold', 'account_limit', 'holdout', 'already_sent', 'conflict', 'capped',
        'window_closed', 'template_unavailable', 'quota', 'deferred', 'send'
    ], outcome)
