-- question: What needs somebody?
-- metrics: in_doubt = messages | by | status: in_doubt
-- metrics: waiting = messages | by | status: planned claimed
select
    (select coalesce(sum(messages), 0)::bigint from marts.run_statuses where status = 'in_doubt') as in_doubt,
    (select count(*) from marts.freshness where not is_fresh and is_decided_on) as stale_sources,
    (
        select count(distinct collection)
        from marts.crm_drift
        where is_large and compared_at = (select loaded_at from marts.freshness where source_table = 'crm__drift')
    ) as drifting_collections,
    (
        select coalesce(sum(messages), 0)::bigint
        from marts.run_statuses
        where status in ('planned', 'claimed')
    ) as waiting
