-- description: One row per campaign of the store: nothing else.
-- depends: raw.journal__campaigns

-- column: campaign_id        | Campaign.
-- column: name               | Name as the CRM has it.
-- column: purpose            | What the message is for, and so which consent it needs.
-- column: definition         | Definition as its source has it.
-- column: definition_version | Definition version as its source has it.
-- column: status             | State in the words of its source.
-- column: created_at         | When the CRM made the row, UTC.
-- column: updated_at         | When the CRM says it last changed, UTC; misses some changes.

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
    updated_at
from raw.journal__campaigns
