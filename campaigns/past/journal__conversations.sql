-- description: Conversations at getvariable('now'): the last message of the person by then, from the events, and the window
-- description: it opened, as long as the one the thread has now. Whether a thread was closed has no history: it is as now.
with heard as (
    select
        channel,
        address,
        max(occurred_at) as last_inbound_at,
        count(*) as message_count
    from present.raw.journal__events
    where event_type = 'replied' and occurred_at <= getvariable('now')
    group by all
)

select
    conversation.* replace (
        case
            when conversation.last_inbound_at <= getvariable('now') then conversation.last_inbound_at
            else heard.last_inbound_at
        end as last_inbound_at,
        case
            when conversation.last_inbound_at <= getvariable('now') then conversation.window_open_until
            else heard.last_inbound_at + (conversation.window_open_until - conversation.last_inbound_at)
        end as window_open_until,
        case
            when conversation.last_inbound_at <= getvariable('now') then conversation.message_count
            else coalesce(heard.message_count, 0)
        end as message_count,
        case
            when conversation.last_outbound_at <= getvariable('now') then conversation.last_outbound_at
        end as last_outbound_at,
        case
            when conversation.waiting_since <= getvariable('now') then conversation.waiting_since
        end as waiting_since,
        case
            when conversation.first_answered_at <= getvariable('now') then conversation.first_answered_at
        end as first_answered_at
    )
from present.raw.journal__conversations as conversation
left join heard using (channel, address)
where conversation.opened_at <= getvariable('now')
