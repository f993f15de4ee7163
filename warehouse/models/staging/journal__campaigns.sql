-- description: One row per campaign of the store: nothing else.
-- depends: raw.journal__campaigns

-- column: campaign_id        | Campaign.
-- column: name               | Name as shown.
-- column: purpose            | What the message is for, and so which consent it needs.
-- column: definition         | The playbook as it was, JSON.
-- column: definition_version | Version of the definition.
-- column: status             | draft, checked, approved, scheduled, paused or cancelled; active: a template of the API.
-- column: created_at         | When the store made the row, UTC.
-- column: updated_at         | When the store last changed the row, UTC.
-- column: origin             | Who made it: playbook (a file), person, or request (a template of the API).
-- column: approved_version   | Version of the definition that was approved last.
-- column: approved_by        | Who approved it.
-- column: scheduled_at       | When it was scheduled, UTC.

-- unique: campaign_id
-- not_null: campaign_id
-- accepted: purpose | renewal, payment, seasonal, quarterly, service_alert, quote, contract, invoice, marketing

select
    campaign_id,
    name,
    purpose,
    definition,
    definition_version,
    status,
    created_at,
    updated_at,
    origin,
    approved_version,
    approved_by,
    scheduled_at
from raw.journal__campaigns
