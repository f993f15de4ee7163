-- description: One row per email campaign of the CRM's own: typed and renamed, nothing else.
-- depends: raw.crm__campaigns

-- column: crm_campaign_id    | CRM email campaign, not one of ours.
-- column: name               | Name as the CRM has it.
-- column: campaign_type      | renewal_sequence, payment_sequence, seasonal, quarterly, custom, newsletter, promotion, onboarding or engagement.
-- column: subject            | Subject line.
-- column: template_id        | CRM email template; null: none.
-- column: target_audience    | Free JSON; it does not select recipients.
-- column: audience_count     | Recipients as the CRM last counted them.
-- column: scheduled_send_at  | When it is to be sent, UTC.
-- column: actual_send_at     | When it was sent, UTC.
-- column: status             | draft, scheduled, sending, sent, paused or cancelled.
-- column: send_immediately   | Whether it goes out without a date.
-- column: sender_email       | Sender's address.
-- column: reply_to_email     | Address for answers.
-- column: total_sent         | Emails sent, as the CRM counts.
-- column: total_delivered    | Emails delivered, as the CRM counts.
-- column: total_bounced      | Emails that came back, as the CRM counts.
-- column: total_opened       | Emails opened, as the CRM counts.
-- column: total_clicked      | Emails clicked, as the CRM counts.
-- column: total_unsubscribed | Recipients who opted out, as the CRM counts.
-- column: total_complained   | Recipients who complained, as the CRM counts.
-- column: created_at         | When the CRM made the row, UTC.
-- column: updated_at         | When the CRM says it last changed, UTC; misses some changes.
-- column: loaded_at          | When we last read the row, UTC.
-- column: is_deleted         | Whether the CRM no longer has the row.

-- unique: crm_campaign_id
-- not_null: crm_campaign_id

select
    id as crm_campaign_id,
    name,
    campaign_type,
    subject,
    template as template_id,
    target_audience,
    audience_count,
    scheduled_send_date as scheduled_send_at,
    actual_send_date as actual_send_at,
    status,
    send_immediately,
    sender_email,
    reply_to_email,
    total_sent,
    total_delivered,
    total_bounced,
    total_opened,
    total_clicked,
    total_unsubscribed,
    total_complained,
    created_at,
    updated_at,
    _loaded_at as loaded_at,
    _is_deleted as is_deleted
from raw.crm__campaigns
