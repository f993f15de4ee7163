-- outcome: account_limit
-- One company is addressed once: by role, the main contact first, about what it was not yet written about; each of its
-- people once, where the campaign writes to all. About something else this campaign writes six hours later at the
-- earliest; what stands in for an attempt that did not arrive does not wait for it.
-- Only companies with several are put in order: hashes, which are cheap to count, find them.
with several as (
    select hash(company_id) as company_hash
    from undecided
    group by company_hash
    having count(*) > 1
),

ordered as (
    select
        row_id,
        row_number() over company as place,
        first_value(contact_id) over company as first_contact_id,
        first_value(subject_id) over company as first_subject_id
    from undecided
    semi join several on several.company_hash = hash(undecided.company_id)
    window company as (
        partition by case when $writes_to_all then contact_id else company_id end
        order by is_sent_before, role_rank, is_primary desc, contact_id, subject_id, step
    )
),

written as (
    select distinct case when $writes_to_all then decision.contact_id else decision.company_id end as addressee_id
    from raw.campaigns__decisions as decision
    anti join replaced
        on
            replaced.run_id = decision.run_id
            and replaced.contact_id = decision.contact_id
            and replaced.step = decision.step
    where
        decision.outcome = 'send'
        and decision.campaign_id = $campaign_id
        and decision.run_id <> $run_id
        and decision.decided_at > getvariable('now') - interval 6 hours
        and decision.decided_at <= getvariable('now')
),

others as (
    select
        row_id,
        'the company is addressed through contact ' || first_contact_id || ' about ' || first_subject_id as why
    from ordered
    where place > 1
)

select
    row_id,
    why
from others
union all
select
    undecided.row_id,
    'this campaign wrote to the company within 6 hours' as why
from undecided
semi join written
    on written.addressee_id = case when $writes_to_all then undecided.contact_id else undecided.company_id end
anti join others on others.row_id = undecided.row_id
where not undecided.is_sent_before
