-- question: What did the last full compare of the CRM find that nobody had told us of?
select
    drifted.collection,
    drifted.kind,
    drifted.drifted_rows,
    drifted.compared_rows,
    drifted.is_large,
    array_to_string(list_sort(list_distinct(flatten(drifted.fields))), ', ') as fields
from (
    select
        collection,
        kind,
        count(*) as drifted_rows,
        max(compared_rows) as compared_rows,
        bool_or(is_large) as is_large,
        list(fields) as fields
    from marts.crm_drift
    where compared_at = (select loaded_at from marts.freshness where source_table = 'crm__drift')
    group by all
) as drifted
order by drifted_rows desc
