-- outcome: conflict
-- A campaign that is at least as urgent wrote to the person within the last 12 hours, or another campaign with the same
-- purpose wrote to the company about the same contract, invoice or zone within 30 days: two campaigns, one event.
with sent as (
    select
        contact_id,
        company_id,
        subject_id,
        campaign_id,
        decided_at
    from raw.campaigns__decisions
    where
        outcome = 'send'
        and decided_at > getvariable('now') - interval 30 days
        and decided_at <= getvariable('now')
),

to_the_person as (
    select
        contact_id,
        min(campaign_id) as campaign_id
    from sent
    where decided_at > getvariable('now') - interval 12 hours and list_contains($more_urgent::varchar[], campaign_id)
    group by contact_id
),

about_the_subject as (
    select
        company_id,
        subject_id,
        min(campaign_id) as campaign_id
    from sent
    where list_contains($same_purpose::varchar[], campaign_id)
    group by company_id, subject_id
),

found as (
    select
        undecided.row_id,
        'campaign ' || written.campaign_id || ' wrote to the person within 12 hours' as why
    from undecided
    inner join to_the_person as written on written.contact_id = undecided.contact_id
    union all
    select
        undecided.row_id,
        'campaign ' || written.campaign_id || ' wrote about the same ' || undecided.subject_type || ' within 30 days' as why
    from undecided
    inner join about_the_subject as written
        on written.company_id = undecided.company_id and written.subject_id = undecided.subject_id
)

select
    row_id,
    min(why) as why
from found
group by row_id
