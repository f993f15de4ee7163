-- outcome: ineligible
-- The company has no active contract any more: nothing the campaign says would be true, unless it is for such companies.
-- Or what stops its further steps happened: the company replied, paid or renewed.
with found as (
    select
        row_id,
        'the company has no active contract' as why
    from undecided
    where $needs_active_contract and not has_active_contract
    union all
    select
        undecided.row_id,
        stopped.why
    from undecided
    inner join stopped on stopped.company_id = undecided.company_id and stopped.subject_id = undecided.subject_id
)

select
    row_id,
    min(why) as why
from found
group by row_id
