-- outcome: no_consent
-- The person has not agreed to this purpose in the CRM, opted out there, or we could not ask.
select
    row_id,
    case
        when not is_opt_out_known then 'the CRM did not tell whether the person opted out'
        when is_unsubscribed then 'opted out of everything in the CRM'
        else 'has not agreed to ' || $purpose || ' messages in the CRM'
    end as why
from undecided
where not has_consent
