-- description: One row per note the CRM should have from us: what was sent, read, answered and declined, in its words.
-- depends: marts.companies, marts.contacts, marts.messages, marts.message_events, marts.conversations
-- depends: staging.journal__suppressions

-- column: feedback_id | Derived from what it tells, so that telling twice can be recognised.
-- column: kind        | sent, engagement, received, opt_out, conversation or handover.
-- column: company_id  | CRM company.
-- column: contact_id  | CRM contact, when known.
-- column: note_title  | Title of the note in the CRM.
-- column: note_text   | Text of the note in the CRM.
-- column: happened_at | When it happened, or was complete, UTC.

-- unique: feedback_id
-- not_null: feedback_id, kind, company_id, note_title, note_text, happened_at
-- accepted: kind | sent, engagement, received, opt_out, conversation, handover
-- relation: company_id -> marts.companies.company_id
-- relation: contact_id -> marts.contacts.contact_id

-- A run's messages to a company are one note, once none of them waits; what people did with them is a second one, three
-- days later and only if somebody did. Told is what happened in the last 30 days: a new installation tells no old tales.
with taken as (
    select
        message.*,
        contact.name as contact_name
    from marts.messages as message
    left join marts.contacts as contact using (contact_id)
    where
        message.company_id is not null
        -- What is told of a run happened at the latest three days after its last message.
        and message.run_id in (select run_id from marts.messages where sent_at > getvariable('now') - interval 33 days)
),

runs as (
    select
        run_id,
        step,
        company_id,
        any_value(campaign_id) as campaign_id,
        max(sent_at) as sent_at,
        count(sent_at) as sent,
        count(first_human_opened_at) filter (first_human_opened_at < sent_at + interval 3 days) as opened,
        count(first_human_clicked_at) filter (first_human_clicked_at < sent_at + interval 3 days) as clicked,
        count(replied_at) filter (replied_at < sent_at + interval 3 days) as replied,
        string_agg(
            coalesce(contact_name, contact_id) || ' (' || channel || ')', ', ' order by contact_name, contact_id
        ) filter (sent_at is not null) as people
    from taken
    group by run_id, step, company_id
    having count(sent_at) > 0 and count(*) filter (status in ('planned', 'claimed', 'in_doubt')) = 0
),

told as (
    select
        'sent' as kind,
        [run_id, step, company_id] as parts,
        company_id,
        null as contact_id,
        case
            when campaign_id = 'conversation_reply' then 'Answered: ' || people
            else 'Sent: ' || replace(step, '_', ' ')
        end as note_title,
        case
            when campaign_id = 'conversation_reply' then 'Somebody of ours answered in the conversation with ' || people || '.'
            else 'Campaign ' || campaign_id || ', to ' || people || '.'
        end as note_text,
        sent_at as happened_at
    from runs
    union all
    select
        'engagement' as kind,
        [run_id, step, company_id] as parts,
        company_id,
        null as contact_id,
        'What came of it: '
        || case when campaign_id = 'conversation_reply' then 'an answer' else replace(step, '_', ' ') end as note_title,
        'Within three days, of ' || sent || ' sent: ' || opened || ' opened by a person, ' || clicked || ' clicked, '
        || replied || ' answered.' as note_text,
        sent_at + interval 3 days as happened_at
    from runs
    where opened + clicked + replied > 0 and sent_at + interval 3 days <= getvariable('now')
    union all
    select
        'received' as kind,
        [event.event_id] as parts,
        contact.company_id,
        contact.contact_id,
        'Received by ' || event.channel || ' from ' || coalesce(contact.name, contact.contact_id) as note_title,
        coalesce(nullif(left(event.text, 2000), ''), '(no text)') as note_text,
        event.occurred_at as happened_at
    from marts.message_events as event
    inner join marts.contacts as contact using (contact_id)
    where event.event_type = 'replied'
    union all
    select
        'opt_out' as kind,
        [suppression.suppression_id] as parts,
        contact.company_id,
        contact.contact_id,
        case
            when suppression.source in ('bounced', 'failed', 'expired', 'refused') then 'Cannot be reached: '
            when suppression.source = 'rest' then 'Wants no messages for a while: '
            else 'Opted out: '
        end || coalesce(contact.name, contact.contact_id) as note_title,
        'No more messages about ' || suppression.purpose || ' by ' || suppression.channel || ': ' || suppression.reason
        || ' (' || suppression.source || ').' as note_text,
        suppression.created_at as happened_at
    from staging.journal__suppressions as suppression
    inner join marts.contacts as contact using (contact_id)
    where suppression.lifted_at is null and suppression.source <> 'crm'
    union all
    select
        'conversation' as kind,
        [
            conversation.conversation_id, strftime(conversation.last_inbound_at, '%Y-%m-%dT%H:%M:%S')
        ] as parts,
        contact.company_id,
        contact.contact_id,
        'Conversation by ' || conversation.channel || ' with ' || coalesce(contact.name, contact.contact_id) as note_title,
        conversation.message_count || ' messages of the person so far; '
        || case
            when conversation.waiting_since is not null then 'the last one is not answered.'
            when conversation.last_outbound_at >= conversation.last_inbound_at then 'the last one is answered.'
            else 'it was closed without an answer.'
        end as note_text,
        conversation.last_inbound_at as happened_at
    from marts.conversations as conversation
    inner join marts.contacts as contact using (contact_id)
    where conversation.last_inbound_at <= getvariable('now') - interval 1 day
    union all
    select
        'handover' as kind,
        [
            conversation.conversation_id, conversation.department,
            strftime(conversation.assigned_at, '%Y-%m-%dT%H:%M:%S.%f')
        ] as parts,
        contact.company_id,
        contact.contact_id,
        'Handed over to ' || conversation.department || ': ' || coalesce(contact.name, contact.contact_id) as note_title,
        'The conversation by ' || conversation.channel || ' is ' || conversation.department || '''s now, '
        || case when conversation.waiting_since is null then 'nobody waits' else 'the person waits' end
        || ' for an answer.' as note_text,
        conversation.assigned_at as happened_at
    from marts.conversations as conversation
    inner join marts.contacts as contact using (contact_id)
    where conversation.department is not null and conversation.assigned_at is not null
)

select
    md5(kind || '|' || array_to_string(told.parts, '|')) as feedback_id,
    told.kind,
    told.company_id,
    contact.contact_id,
    left(told.note_title, 200) as note_title,
    told.note_text,
    told.happened_at
from told
inner join marts.companies as company on told.company_id = company.company_id and not company.is_deleted
left join marts.contacts as contact on told.contact_id = contact.contact_id and not contact.is_deleted
where told.happened_at > getvariable('now') - interval 30 days
