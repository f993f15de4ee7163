-- description: One row per message that a person wrote: what it sounds like, by the newest classifier, nothing else.
-- depends: raw.journal__judgements

-- column: event_id           | Derived from the provider's own key: a repeat is the same row.
-- column: channel            | How the person writes.
-- column: address            | The address on that channel.
-- column: contact_id         | CRM contact, when known.
-- column: occurred_at        | When it happened, by the provider, UTC.
-- column: sentiment          | positive, neutral, negative, or unknown where it cannot be told.
-- column: confidence         | How sure the classifier is of the sentiment, 0 to 1.
-- column: urgency            | How soon an answer is owed: urgent (15 min), high (1 h), normal (4 h) or low (24 h).
-- column: department         | Whom the message is for by its words.
-- column: classifier_version | Version of the rules that judged it.
-- column: judged_at          | When it was judged, UTC.

-- unique: event_id
-- not_null: event_id, sentiment, urgency, department, classifier_version
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: sentiment | positive, neutral, negative, unknown
-- accepted: urgency | urgent, high, normal, low
-- accepted: department | sales, operations, design, finance, support

select
    event_id,
    channel,
    address,
    contact_id,
    occurred_at,
    sentiment,
    confidence,
    urgency,
    department,
    classifier_version,
    judged_at
from raw.journal__judgements
