-- description: One row per source table: when it was last loaded, and whether that is as recent as promised. Sources that
-- description: campaigns decide on are here even when they were never loaded (loaded_at is null then); a provider or list
-- description: nobody uses is not.
-- depends: staging.crm__loads, staging.journal__loads, staging.journal__messages, staging.journal__events
-- depends: staging.providers__daily_totals, staging.providers__quotas, marts._promised_ages

-- column: source_table    | Raw table.
-- column: mode            | incremental or full: how it was last read.
-- column: loaded_at       | When it was last loaded, UTC.
-- column: newest_row_at   | Newest change in it, UTC.
-- column: row_count       | Rows of the last load.
-- column: expected_within | How old the load may be.
-- column: is_decided_on   | Whether campaigns decide on it, and so wait while it is older than they tolerate.
-- column: promise         | What keeps the promise.
-- column: is_fresh        | Whether the last load is that young.
-- column: built_at        | When the marts were built from these loads, UTC: the build that campaigns decide on.

-- unique: source_table
-- not_null: source_table, expected_within, is_fresh

with loads as (
    select
        table_name as source_table,
        mode,
        loaded_at,
        newest_row_at,
        row_count
    from staging.crm__loads
    union all
    select
        load.table_name as source_table,
        'incremental' as mode,
        load.loaded_at,
        case load.table_name
            when 'journal__messages' then (select max(updated_at) from staging.journal__messages)
            when 'journal__events' then (select max(recorded_at) from staging.journal__events)
        end as newest_row_at,
        load.row_count
    from staging.journal__loads as load
    union all
    select
        'providers__daily_totals' as source_table,
        'full' as mode,
        max(loaded_at) as loaded_at,
        max(ends_at) as newest_row_at,
        count(*) as row_count
    from staging.providers__daily_totals
    union all
    select
        'providers__quotas' as source_table,
        'full' as mode,
        max(loaded_at) as loaded_at,
        null as newest_row_at,
        count(*) as row_count
    from staging.providers__quotas
),

named as (
    select source_table from loads where loaded_at is not null
    union
    select source_pattern as source_table from marts._promised_ages where is_decided_on
),

promised as (
    select
        named.source_table,
        arg_max(age.promise, length(age.source_pattern)) as promise,
        arg_max(age.expected_within, length(age.source_pattern)) as expected_within,
        arg_max(age.is_decided_on, length(age.source_pattern)) as is_decided_on
    from named
    left join marts._promised_ages as age on named.source_table like age.source_pattern
    group by all
)

select
    source_table,
    loads.mode,
    loads.loaded_at,
    loads.newest_row_at,
    loads.row_count,
    promised.expected_within,
    promised.is_decided_on,
    promised.promise,
    coalesce(loads.loaded_at >= getvariable('now') - promised.expected_within, false) as is_fresh,
    getvariable('now') as built_at
from promised
left join loads using (source_table)
