-- outcome: template_unavailable
-- The provider paused, rejected or disabled the template.
select
    undecided.*,
    'the template is ' || min(template.provider_status) || ' at the provider' as why
from undecided
inner join raw.journal__templates as template
    on
        template.template_id = map($steps, $template_ids)[undecided.step]
        and template.channel = undecided.channel
        and template.provider_status <> 'approved'
group by all
