-- question: How did everybody considered on one day become the messages sent?
select
    outcome,
    count(*) as contacts
from marts.decisions
where (decided_at at time zone 'Asia/Bangkok')::date = $day::date
group by outcome
order by
    list_position([
        'ineligible', 'stale_data', 'no_consent', 'suppressed', 'no_address', 'invalid_address',
        'duplicate_address', 'crm_hold', 'account_limit', 'holdout', 'already_sent', 'conflict', 'capped',
        'window_closed', 'template_unavailable', 'quota', 'deferred', 'send'
    ], outcome)
