-- description: One row per template of the store: nothing else.
-- depends: raw.journal__templates

-- column: template_id     | Template.
-- column: channel         | How the person is reached.
-- column: language        | Language of the text: en or th.
-- column: version         | Version of the template.
-- column: content_hash    | Hash of the content: the same content keeps its version.
-- column: content         | What is sent, JSON.
-- column: provider_status | approved, pending, paused, rejected, disabled, missing or mismatched, by the provider.
-- column: quality         | green, yellow or red, by the provider; null where it rates none.
-- column: created_at      | When the store made the row, UTC.
-- column: updated_at      | When the store last changed the row, UTC.

-- unique: template_id, channel, language, version
-- not_null: template_id, channel, language, version
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

select
    template_id,
    channel,
    language,
    version,
    content_hash,
    content,
    provider_status,
    quality,
    created_at,
    updated_at
from raw.journal__templates
