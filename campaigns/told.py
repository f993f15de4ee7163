"""What the policy is told of the moment beside the data. It is kept with the run, so that it can be told again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from campaigns import policy
from campaigns.closed_days import closed_days
from campaigns.playbooks import Playbook

_COUNTRIES = "select distinct country from marts.companies where country is not null"
# What is left of a month's quota (LINE has months of UTC+9): less what campaigns decided and no provider has taken yet.
_LEFT = """
    with limited as (
        select channel, quota - greatest(used, our_count) as messages
        from marts.quotas
        where quota is not null
          and quota_month = date_trunc('month', getvariable('now') at time zone 'Asia/Tokyo')::date
    ),
    waiting as (
        select decision.channel, count(*) as messages
        from raw.campaigns__decisions as decision
        semi join limited using (channel)
        left join raw.journal__messages as message
            on message.run_id = decision.run_id and message.contact_id = decision.contact_id
            and message.step = decision.step
        where decision.outcome = 'send'
          and decision.decided_at between getvariable('now') - interval 24 hours and getvariable('now')
          and coalesce(message.status, 'planned') in ('planned', 'claimed')
        group by all
    )
    select channel, limited.messages - coalesce(waiting.messages, 0)
    from limited left join waiting using (channel) order by channel
"""


def tell(
    connection: Any, playbook: Playbook, rivals: Iterable[Playbook], now: datetime, *, is_past: bool = False
) -> dict[str, Any]:
    """Return the age of the data, which campaigns there are, closed days to come, and what quotas leave.

    ``is_past``: nobody knows what was left of a quota by then, so that none is asked.
    """
    source, oldest = connection.execute(policy.OLDEST).fetchone() or ("every source", None)
    rivals = list(rivals)
    countries = [country for (country,) in connection.execute(_COUNTRIES).fetchall()]
    left = [] if is_past else connection.execute(_LEFT).fetchall()
    return {
        "is_stale": oldest is None or oldest < now - timedelta(hours=playbook.most_data_age_hours),
        "oldest_source": source,
        "oldest_load": "never" if oldest is None else oldest.isoformat(timespec="minutes"),
        "more_urgent": [book.campaign_id for book in rivals if book.priority <= playbook.priority],
        "same_purpose": [book.campaign_id for book in rivals if book.purpose == playbook.purpose],
        "closed_days": closed_days(countries, now.date()),
        "quota_channels": [channel for channel, _ in left],
        "quota_left": [max(0, messages) for _, messages in left],
    }
