-- description: One row per email campaign of the CRM's own.
-- depends: staging.crm__campaigns

-- column: crm_campaign_id    | CRM email campaign, not one of ours.
-- column: name               | Name as the CRM has it.
-- column: campaign_type      | renewal_sequence, payment_sequence, seasonal, quarterly, custom, newsletter, promotion, onboarding or engagement.
-- column: subject            | Subject line.
-- column: template_id        | CRM email template; null: none.
-- column: audience_count     | Recipients as the CRM last counted them.
-- column: scheduled_send_at  | When it is to be sent, UTC.
-- column: actual_send_at     | When it was sent, UTC.
-- column: status             | draft, scheduled, sending, sent, paused or cancelled.
-- column: send_immediately   | Whether it goes out without a date.
-- column: sender_email       | Sender's address.
-- column: total_sent         | Emails sent, as the CRM counts.
-- column: total_delivered    | Emails delivered, as the CRM counts.
-- column: total_bounced      | Emails that came back, as the CRM counts.
-- column: total_opened       | Emails opened, as the CRM counts.
-- column: total_clicked      | Emails clicked, as the CRM counts.
-- column: total_unsubscribed | Recipients who opted out, as the CRM counts.
-- column: total_complained   | Recipients who complained, as the CRM counts.
-- column: created_at         | When the CRM made the row, UTC.
-- column: updated_at         | When the CRM says it last changed, UTC; misses some changes.
-- column: is_deleted         | Whether the CRM no longer has the row.

-- unique: crm_campaign_id
-- not_null: crm_campaign_id, status
-- unrelated: template_id | the CRM's email templates are not loaded

select
    crm_campaign_id,
    name,
    campaign_type,
    subject,
    template_id,
    audience_count,
    scheduled_send_at,
    actual_send_at,
    status,
    send_immediately,
    sender_email,
    total_sent,
    total_delivered,
    total_bounced,
    total_opened,
    total_clicked,
    total_unsubscribed,
    total_complained,
    created_at,
    updated_at,
    is_deleted
from staging.crm__campaigns
