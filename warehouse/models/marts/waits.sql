-- description: One row per reason for which messages wait now: a switch somebody set, or a provider's pause.
-- depends: staging.journal__holds, staging.journal__lanes

-- column: scope       | What is held: all, channel:…, campaign:… or template:….
-- column: reason      | Why, in words.
-- column: set_by      | Who held it: a person, or senders after a provider's refusal.
-- column: waits_since | Since when, UTC.
-- column: waits_until | When it ends by itself, UTC; null: when somebody lifts it.

-- unique: scope, reason
-- not_null: scope, reason

select
    scope,
    reason,
    set_by,
    created_at as waits_since,
    null::timestamptz as waits_until
from staging.journal__holds
union all
select
    'channel:' || channel as scope,
    pause_reason as reason,
    'senders' as set_by,
    updated_at as waits_since,
    paused_until as waits_until
from staging.journal__lanes
where paused_until > getvariable('now') and pause_reason is not null
