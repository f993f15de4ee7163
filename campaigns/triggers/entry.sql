-- description: The temporary table `anchored`: members with the moment at which they entered the segment, once each.

create or replace temp table anchored as
with entered as (
    select
        contact_id,
        subject_id,
        max(valid_from) as entered_at
    from raw.campaigns__segment_memberships
    where segment_id = $segment_id and valid_to is null
    group by all
)

select
    member.*,
    coalesce(entered.entered_at, $now) as anchored_at, -- who enters now is recorded by the run
    null::varchar as occasion
from members as member
left join entered
    on entered.contact_id = member.contact_id and entered.subject_id = member.subject_id
where coalesce(entered.entered_at, $now) > $since
