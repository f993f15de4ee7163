-- question: Which conversations are there, who waits longest first?
select
    conversation.conversation_id,
    conversation.contact_id,
    contact.name as contact,
    company.name as company,
    conversation.channel,
    conversation.status,
    conversation.message_count,
    conversation.sentiment,
    conversation.opened_at,
    conversation.last_inbound_at,
    conversation.last_outbound_at,
    conversation.window_open_until,
    conversation.first_response_seconds,
    conversation.status = 'open'
    and conversation.last_inbound_at > coalesce(conversation.last_outbound_at, '-infinity'::timestamptz) as is_waiting
from marts.conversations as conversation
left join marts.contacts as contact on contact.contact_id = conversation.contact_id
left join marts.companies as company on company.company_id = contact.company_id
order by is_waiting desc, conversation.last_inbound_at
limit 1000
