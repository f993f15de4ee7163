-- description: One row per template of the store: nothing else.
-- depends: raw.journal__templates

-- column: template_id     | Template.
-- column: channel         | How the person is reached.
-- column: language        | Language of the text: en or th.
-- column: version         | Version as its source has it.
-- column: content_hash    | Content hash as its source has it.
-- column: content         | Content as its source has it.
-- column: provider_status | Provider status as its source has it.
-- column: quality         | Quality as its source has it.
-- column: created_at      | When the CRM made the row, UTC.
-- column: updated_at      | When the CRM says it last changed, UTC; misses some changes.

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
