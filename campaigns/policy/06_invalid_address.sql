-- outcome: invalid_address
-- Something is typed into the CRM, but it is no address.
select
    row_id,
    'what the CRM has is no valid email or mobile number' as why
from undecided
where channel is null
