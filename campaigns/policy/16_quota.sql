-- outcome: quota
-- The provider lets no more messages out this month. What is left goes to those whose role the campaign prefers.
with remaining as (
    select
        unnest($quota_channels::varchar[]) as channel,
        unnest($quota_left::bigint[]) as messages
),

ordered as (
    select
        undecided.row_id,
        undecided.channel,
        remaining.messages,
        row_number() over (
            partition by undecided.channel
            order by undecided.role_rank, undecided.contact_id, undecided.subject_id, undecided.step
        ) as place
    from undecided
    inner join remaining on remaining.channel = undecided.channel
)

select
    row_id,
    'this month''s quota lets ' || messages || ' more messages out on ' || channel as why
from ordered
where place > messages
