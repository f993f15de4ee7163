-- question: What do we know of each conversation: mood, urgency, whom it is for, who the person is?
select
    conversation.conversation_id,
    conversation.contact_id,
    contact.name as contact,
    company.name as company,
    conversation.channel,
    conversation.status,
    conversation.message_count,
    conversation.sentiment,
    conversation.urgency,
    conversation.suggested_department,
    conversation.department,
    conversation.opened_at,
    conversation.last_inbound_at,
    conversation.last_outbound_at,
    conversation.window_open_until,
    conversation.waiting_since,
    conversation.first_response_seconds
from marts.conversations as conversation
left join marts.contacts as contact on contact.contact_id = conversation.contact_id
left join marts.companies as company on company.company_id = contact.company_id
order by conversation.last_inbound_at desc
limit 1000
