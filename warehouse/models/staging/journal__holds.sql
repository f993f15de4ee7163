-- description: One row per switch that holds messages back now.
-- depends: raw.journal__holds

-- column: scope      | What is held: all, channel:…, campaign:… or template:….
-- column: reason     | Why, in words.
-- column: set_by     | Who held it: a person, or senders after a provider's refusal.
-- column: created_at | When the store made the row, UTC.

-- unique: scope
-- not_null: scope

select
    scope,
    reason,
    set_by,
    created_at
from raw.journal__holds
