-- question: What needs somebody?
select
    (select count(*) from marts.messages where status = 'in_doubt') as in_doubt,
    (select count(*) from marts.freshness where not is_fresh) as stale_sources,
    (select count(*) from marts.messages where status in ('planned', 'claimed')) as waiting
