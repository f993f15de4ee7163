-- description: One row per contact that ever opened, read, clicked or answered: when last. What it did in a window of days is
-- description: counted by contact_engagement, since windows move.
-- depends: marts.messages

-- column: contact_id      | CRM contact.
-- column: last_engaged_at | Last open, read, click or reply of the person, UTC.

-- unique: contact_id
-- key: contact_id
-- touched: select distinct contact_id as key from raw.journal__messages where _load_number > taken('journal__messages')
-- touched: or message_id in (select message_id from raw.journal__events where _load_number > taken('journal__events'))
-- not_null: contact_id, last_engaged_at
-- relation: contact_id -> marts.contacts.contact_id | warning: whom the CRM deleted is not here after a rebuild from it

select
    contact_id,
    max(greatest(first_human_opened_at, first_human_clicked_at, replied_at)) as last_engaged_at
from marts.messages
where
    accepted_at is not null
    and coalesce(first_human_opened_at, first_human_clicked_at, replied_at) is not null
    --+ and contact_id in (select key from touched)
group by all
