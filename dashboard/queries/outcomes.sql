-- question: How did the audience of a campaign (or one of its runs) become the messages sent?
-- metrics: contacts = decided | by outcome
select
    outcome,
    sum(contacts)::bigint as contacts
from marts.daily_outcomes
where campaign_id = $campaign_id and ($run_id = '' or run_id = $run_id)
group by outcome
order by
    list_position([
        'ineligible', 'stale_data', 'no_consent', 'suppressed', 'no_address', 'invalid_address',
        'duplicate_address', 'crm_hold', 'account_limit', 'holdout', 'already_sent', 'conflict', 'capped',
        'window_closed', 'template_unavailable', 'quota', 'deferred', 'send'
    ], outcome)
