-- description: One row per lane of the store: a provider account, who sends for it, and why it pauses.
-- depends: raw.journal__lanes

-- column: channel      | How the person is reached.
-- column: owner        | Worker that sends for the lane; empty: nobody.
-- column: epoch        | How often the lane has changed hands.
-- column: lease_until  | Until when the worker has it, UTC.
-- column: next_at      | When the provider's rate lets the next message pass, UTC.
-- column: paused_until | When the lane may send again, UTC; null: now.
-- column: pause_reason | Why it pauses, in words; null when it does not.
-- column: failures     | Failures in a row, without an answer.
-- column: updated_at   | When the store last changed the row, UTC.

-- unique: channel
-- not_null: channel
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x

select
    channel,
    owner,
    epoch,
    lease_until,
    next_at,
    paused_until,
    pause_reason,
    failures,
    updated_at
from raw.journal__lanes
