-- description: Intervals of membership that had begun by getvariable('now'); one that ended later was still open.
select * replace (case when valid_to <= getvariable('now') then valid_to end as valid_to)
from present.raw.campaigns__segment_memberships
where valid_from <= getvariable('now')
