-- description: One row per message that a person wrote to us and that was judged.
-- depends: staging.journal__judgements, staging.journal__conversations

-- column: event_id           | Derived from the provider's own key: a repeat is the same row.
-- column: conversation_id    | Derived from channel and address.
-- column: contact_id         | CRM contact, when known.
-- column: channel            | How the person writes.
-- column: occurred_at        | When it happened, by the provider, UTC.
-- column: sentiment          | positive, neutral, negative, or unknown where it cannot be told.
-- column: confidence         | How sure the classifier is of the sentiment, 0 to 1.
-- column: urgency            | How soon an answer is owed: urgent (15 min), high (1 h), normal (4 h) or low (24 h).
-- column: department         | Whom the message is for by its words.
-- column: classifier_version | Version of the rules that judged it.

-- unique: event_id
-- not_null: event_id, channel, occurred_at, sentiment, urgency, department, classifier_version
-- accepted: sentiment | positive, neutral, negative, unknown
-- accepted: urgency | urgent, high, normal, low
-- accepted: department | sales, operations, design, finance, support
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- relation: conversation_id -> marts.conversations.conversation_id
-- relation: event_id -> marts.message_events.event_id
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it

select
    judgement.event_id,
    conversation.conversation_id,
    judgement.contact_id,
    judgement.channel,
    judgement.occurred_at,
    judgement.sentiment,
    judgement.confidence,
    judgement.urgency,
    judgement.department,
    judgement.classifier_version
from staging.journal__judgements as judgement
left join staging.journal__conversations as conversation
    on conversation.channel = judgement.channel and conversation.address = judgement.address
