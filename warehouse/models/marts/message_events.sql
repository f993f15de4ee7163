-- description: One row per distinct event, with who caused it by the newest classifier. Raw hits are all here.
-- depends: staging.journal__events, staging.journal__messages

-- column: event_id            | Derived from the provider's own key: a repeat is the same row.
-- column: message_id          | Our message, when the event belongs to one.
-- column: contact_id          | CRM contact, when known.
-- column: channel             | How the person is reached.
-- column: event_type          | What happened, in our words.
-- column: occurred_at         | When it happened, by the provider, UTC.
-- column: received_at         | When we heard of it, UTC.
-- column: actor               | human, machine or unknown.
-- column: actor_reason        | Which rule of the classifier decided.
-- column: classifier_version  | Version of the rules that judged the actor.
-- column: link_id             | Tracked link, of a click.
-- column: text                | What the person wrote, of a reply.
-- column: provider_event_type | What happened, in the provider's words.
-- column: billed_category     | What WhatsApp bills the message as, of an event that says so.
-- column: is_billed           | Whether WhatsApp bills it, of an event that says so: an answer in time may be free.

-- unique: event_id
-- key: event_id
-- touched: select event_id as key, recorded_at as since from raw.journal__events
-- touched: where _load_number > taken('journal__events')
-- touched: union select event_id, recorded_at from raw.journal__events where event_type in ('opened', 'clicked') and message_id in (
-- touched: select message_id from raw.journal__messages where _load_number > taken('journal__messages')
-- touched: union select message_id from raw.journal__events where _load_number > taken('journal__events'))
-- partition: occurred_at
-- not_null: event_id, channel, event_type, occurred_at
-- accepted: actor | human, machine, unknown
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- accepted: event_type | accepted, held, sent, delivered, opened, read, clicked, replied, bounced, failed, expired, complained, unsubscribed, resubscribed, followed, blocked, converted
-- relation: message_id -> marts.messages.message_id
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it
-- unrelated: link_id | inside the message's text; no table lists links

-- Rules of classifier 2, first that holds:
--   HEAD request; a user agent that names a scanner; the honeypot link, which no person sees, and all hits of that
--   message within a minute of it; exactly "Mozilla/5.0" (Apple's mail privacy proxy prefetches); a click by a mail
--   provider's image proxy, which fetches pictures; a click within 5 s of hand-over; three links within 10 s.
--   Gmail's and Yahoo's image proxies fetch a picture when a person looks: human.
with traps as (
    select
        message_id,
        occurred_at
    from staging.journal__events
    where link_id = 'honeypot' and message_id is not null
),

trapped as (
    select distinct event.event_id
    from staging.journal__events as event
    inner join traps
        on
            event.message_id = traps.message_id
            and event.occurred_at between traps.occurred_at - interval 60 seconds
            and traps.occurred_at + interval 60 seconds
    where event.event_type in ('opened', 'clicked')
    --+ and event.event_id in (select key from touched) and event.recorded_at >= touched_since()
),

clicks as (
    select
        event.event_id,
        event.occurred_at < message.accepted_at + interval 5 seconds as is_too_fast,
        count(distinct event.link_id) over (
            partition by event.message_id
            order by event.occurred_at
            range between interval 10 seconds preceding and interval 10 seconds following
        ) as links_nearby
    from staging.journal__events as event
    left join staging.journal__messages as message using (message_id)
    where event.event_type = 'clicked' and event.message_id is not null
    --+ and event.event_id in (select key from touched) and event.recorded_at >= touched_since()
),

hits as (
    select
        event.*,
        event.detail ->> '$.user_agent' as user_agent,
        event.detail ->> '$.method' as method,
        coalesce(clicks.is_too_fast, false) as is_too_fast,
        coalesce(clicks.links_nearby, 1) as links_nearby,
        trapped.event_id is not null as is_trapped,
        regexp_matches(coalesce(event.detail ->> '$.user_agent', ''), 'GoogleImageProxy|YahooMailProxy') as is_image_proxy
    from staging.journal__events as event
    left join clicks using (event_id)
    left join trapped using (event_id)
    --+ where event.event_id in (select key from touched) and event.recorded_at >= touched_since()
),

judged as (
    select
        *,
        case
            when event_type not in ('opened', 'clicked')
                then case when event_type in ('replied', 'read', 'unsubscribed') then 'an act of the person' end
            when method = 'HEAD' then 'head_request'
            when regexp_matches(
                coalesce(user_agent, ''),
                '(?i)bot|crawl|spider|scan|preview|proofpoint|mimecast|barracuda|safelinks|python|curl|headless'
            ) then 'scanner_user_agent'
            when is_trapped then 'honeypot'
            when event_type = 'opened' and user_agent = 'Mozilla/5.0' then 'apple_privacy_proxy'
            when is_image_proxy and event_type = 'opened' then 'mail_image_proxy'
            when is_image_proxy then 'click_of_an_image_proxy'
            when is_too_fast then 'too_fast'
            when links_nearby >= 3 then 'all_links_at_once'
            when user_agent is null or user_agent = '' then 'no_user_agent'
            else 'like_a_person'
        end as actor_reason
    from hits
)

select
    event_id,
    message_id,
    contact_id,
    channel,
    event_type,
    occurred_at,
    received_at,
    case
        when actor_reason in ('an act of the person', 'like_a_person', 'mail_image_proxy') then 'human'
        when actor_reason is null or actor_reason = 'no_user_agent' then 'unknown'
        else 'machine'
    end as actor,
    actor_reason,
    '2' as classifier_version,
    link_id,
    detail ->> '$.text' as text,
    provider_event_type,
    case when channel = 'whatsapp' then detail ->> '$.pricing.category' end as billed_category,
    case when channel = 'whatsapp' then try_cast(detail ->> '$.pricing.billable' as boolean) end as is_billed
from judged
