-- outcome: template_unavailable
-- The provider does not let the template be sent in the person's language: paused, rejected, disabled, not approved yet,
-- not there, or with other variables than ours. Only the newest version counts; without one in the person's language it
-- is sent in English.
with newest as (
    select
        template_id,
        channel,
        language,
        arg_max(provider_status, version) as provider_status
    from raw.journal__templates
    group by template_id, channel, language
),

used as (
    select
        unnest($steps) as step,
        unnest($step_variants) as variant,
        unnest($template_ids) as template_id
),

spoken as (
    select
        undecided.row_id,
        coalesce(own.provider_status, english.provider_status) as provider_status
    from undecided
    inner join used on used.step = undecided.step and used.variant = undecided.variant
    left join newest as own
        on
            own.template_id = used.template_id
            and own.channel = undecided.channel
            and own.language = undecided.language
    left join newest as english
        on english.template_id = used.template_id and english.channel = undecided.channel and english.language = 'en'
)

select
    row_id,
    'the template is ' || provider_status || ' at the provider' as why
from spoken
where provider_status <> 'approved'
