-- outcome: template_unavailable
-- The provider paused, rejected or disabled the template.
with unavailable as (
    select
        used.step,
        used.variant,
        template.channel,
        min(template.provider_status) as provider_status
    from (
        select
            unnest($steps) as step,
            unnest($step_variants) as variant,
            unnest($template_ids) as template_id
    ) as used
    inner join raw.journal__templates as template on template.template_id = used.template_id
    where template.provider_status <> 'approved'
    group by used.step, used.variant, template.channel
)

select
    undecided.row_id,
    'the template is ' || unavailable.provider_status || ' at the provider' as why
from undecided
inner join unavailable
    on
        unavailable.step = undecided.step
        and unavailable.variant = undecided.variant
        and unavailable.channel = undecided.channel
