-- description: One row per thread with a person on a channel.
-- depends: staging.journal__conversations, staging.journal__messages, staging.journal__judgements

-- column: conversation_id        | Derived from channel and address.
-- column: contact_id             | CRM contact, when known.
-- column: channel                | How the person writes.
-- column: status                 | open or closed.
-- column: message_count          | Messages the person wrote.
-- column: opened_at              | First message, UTC.
-- column: last_inbound_at        | Last message of the person, UTC.
-- column: last_outbound_at       | Our last answer, UTC.
-- column: window_open_until      | Until when the channel lets us answer freely, UTC; null where there is no such window.
-- column: waiting_since          | First message that no answer of ours answers, UTC; null where nobody waits.
-- column: due_at                 | Until when an answer is owed to who waits, UTC: 15 min, 1 h, 4 h or 24 h by urgency.
-- column: first_response_seconds | Seconds from the first message to our first answer; null before it.
-- column: sentiment              | Mood of the person's last message whose mood can be told; unknown where none can; null where none was judged.
-- column: urgency                | Of what waits the most urgent; where nothing does, of the last message. Null where none was judged.
-- column: suggested_department   | Whom the last message is for by its words.
-- column: department             | Department it was handed over to; null: nobody did.
-- column: assigned_at            | When it was handed over, UTC.
-- column: classifier_version     | Version of the rules that judged it.

-- unique: conversation_id
-- not_null: conversation_id
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: status | open, closed
-- accepted: sentiment | positive, neutral, negative, unknown
-- accepted: urgency | urgent, high, normal, low
-- accepted: department | sales, operations, design, finance, support
-- assert: due_at is null or due_at > waiting_since
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it

with answers as (
    select
        message_id,
        status
    from staging.journal__messages
    where campaign_id = 'conversation_reply'
),

standing as (
    select
        conversation.*,
        case
            when conversation.status <> 'open' then null
            -- What should have been an answer and did not arrive is none.
            when
                conversation.last_outbound_at >= conversation.waiting_since
                and coalesce(answer.status, '') not in ('failed', 'expired', 'cancelled', 'suppressed') then null
            else conversation.waiting_since
        end as unanswered_since
    from staging.journal__conversations as conversation
    left join answers as answer on answer.message_id = conversation.answer_id
),

moods as (
    select
        standing.conversation_id,
        coalesce(
            max_by(judgement.sentiment, judgement.occurred_at) filter (judgement.sentiment <> 'unknown'), 'unknown'
        ) as sentiment,
        max_by(judgement.urgency, judgement.occurred_at) as last_urgency,
        min(list_position(['urgent', 'high', 'normal', 'low'], judgement.urgency))
        filter (judgement.occurred_at >= standing.unanswered_since) as most_urgent,
        max_by(judgement.department, judgement.occurred_at) as suggested_department,
        max(judgement.classifier_version) as classifier_version
    from standing
    inner join staging.journal__judgements as judgement
        on judgement.channel = standing.channel and judgement.address = standing.address
    group by standing.conversation_id
),

urgent as (
    select
        *,
        coalesce(['urgent', 'high', 'normal', 'low'][most_urgent], last_urgency) as urgency
    from moods
)

select
    standing.conversation_id,
    standing.contact_id,
    standing.channel,
    standing.status,
    standing.message_count,
    standing.opened_at,
    standing.last_inbound_at,
    standing.last_outbound_at,
    standing.window_open_until,
    standing.unanswered_since as waiting_since,
    standing.unanswered_since + case coalesce(urgent.urgency, 'normal')
        when 'urgent' then interval 15 minutes
        when 'high' then interval 1 hour
        when 'normal' then interval 4 hours
        else interval 24 hours
    end as due_at,
    case
        when standing.first_answered_at >= standing.opened_at then epoch(standing.first_answered_at - standing.opened_at)
    end as first_response_seconds,
    urgent.sentiment,
    urgent.urgency,
    urgent.suggested_department,
    standing.department,
    standing.assigned_at,
    urgent.classifier_version
from standing
left join urgent on urgent.conversation_id = standing.conversation_id
