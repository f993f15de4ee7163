-- question: Which contacts does one company have, how are they reached and what did they agree to?
select
    contact.contact_id,
    contact.name,
    contact.contact_type,
    contact.email,
    contact.mobile,
    contact.line_user_id,
    contact.language,
    contact.preferred_channel,
    contact.is_active,
    contact.is_unsubscribed,
    array_to_string(contact.consents, ', ') as consents,
    engagement.engagement_score,
    engagement.engagement_tier,
    engagement.last_engaged_at
from marts.contacts as contact
left join marts.contact_engagement as engagement on engagement.contact_id = contact.contact_id
where contact.company_id = $company_id and not contact.is_deleted
order by contact.name
