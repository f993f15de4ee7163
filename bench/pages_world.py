"""A warehouse like a busy customer's after a year: events, decisions, segments, conversations; published for pages."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from bench.event_history import EventHistory
from core.settings import Settings
from core.store.engine import open_store
from core.store.tables import conversations
from warehouse.build import build
from warehouse.connect import connect, prepare
from warehouse.publish import publish

# What the CRM has of ten contacts' company: a contract, two zones, an invoice each month, a ticket now and then.
_CRM = {
    "crm__companies": """
        select 'c' || n as id, 'Hotel ' || n as name, 'Thailand' as country, 'Bangkok' as city, 'Hotels' as industry,
            true as is_active, $now - interval 900 days as created_at, false as _is_deleted, $now as _loaded_at
        from range($contacts // 10) as t (n)
    """,
    "crm__contracts": """
        select 'k' || n as id, 'c' || n as company, 'K-' || n as contract_number, 'Active' as status,
            ($now - to_days(300 - n % 300))::date as start_date, ($now + to_days(n % 365))::date as end_date,
            12000 + n % 90000 as value, 'THB' as currency, true as is_active,
            $now - interval 300 days as created_at, false as _is_deleted, $now as _loaded_at
        from range($contacts // 10) as t (n)
    """,
    "crm__zones": """
        select 'z' || n as id, 'c' || n // 2 as company, 'Zone ' || n as name, 'soundtrack' as platform,
            case when n % 40 = 0 then 'offline' else 'online' end as status, $now as last_seen_online,
            false as _is_deleted, $now as _loaded_at
        from range($contacts // 5) as t (n)
    """,
    "crm__invoices": """
        select 'i' || n as id, 'c' || n % ($contacts // 10) as company, 'INV-' || n as invoice_number,
            case when n % 9 = 0 then 'Overdue' else 'Paid' end as status,
            ($now - to_days(30 * (n // ($contacts // 10))::integer + 40))::date as issue_date,
            issue_date + 30 as due_date,
            case when n % 9 > 0 then due_date - 3 end as paid_date, 10700.0 as total_amount, 700.0 as tax_amount,
            'THB' as currency, false as _is_deleted, $now as _loaded_at
        from range($contacts // 10 * 6) as t (n)
    """,
    "crm__tickets": """
        select 't' || n as id, 'c' || n * 3 % ($contacts // 10) as company, 'T-' || n as ticket_number,
            'No sound' as subject, case when n % 5 = 0 then 'open' else 'resolved' end as status, 'normal' as priority,
            $now - to_days(n % 300) as created_at, false as _is_deleted, $now as _loaded_at
        from range($contacts // 50) as t (n)
    """,
    "crm__loads": """
        select name as table_name, 'full' as mode, 1 as row_count, $now as newest_row_at, $now as loaded_at
        from unnest(['crm__companies', 'crm__contacts', 'crm__contracts', 'crm__invoices', 'crm__zones']) as t (name)
    """,
}
# Each message was decided, and somebody else was considered beside every other one.
_DECISIONS = """
    insert into raw.campaigns__decisions by name
    select
        run_id, campaign_id, step, contact_id, company_id, 'contract' as subject_type, 'k' || message_id as subject_id,
        'send' as outcome, 'a reason with its values' as reason, channel, 'a' as variant,
        null::timestamptz as deferred_until, planned_at as decided_at, 's1' as snapshot_id
    from raw.journal__messages
    union all
    select
        run_id, campaign_id, step, 'p' || (substr(contact_id, 2)::bigint + 1), company_id, 'contract',
        'o' || message_id,
        ['no_consent', 'capped', 'crm_hold', 'conflict', 'holdout', 'no_address'][1 + (hash(message_id) % 6)::bigint],
        'a reason with its values', channel, 'a', null, planned_at, 's1'
    from raw.journal__messages where hash(message_id) % 2 = 0
"""
_MEMBERSHIPS = """
    insert into raw.campaigns__segment_memberships by name
    select
        'segment ' || s as segment_id, 'p' || n as contact_id, 'c' || n // 10 as company_id,
        'contract' as subject_type, 'k' || n as subject_id, 1 as definition_version, 'ends in so many days' as reason,
        $now - to_days(((n * 7) % 60)::integer) as valid_from,
        case when n % 4 = 0 then $now - to_days(((n * 7) % 60 // 2)::integer) end as valid_to
    from range($contacts // 20) as t (n), range(8) as u (s)
"""
_SEGMENTS = """
    insert into raw.campaigns__segments by name
    select 'segment ' || s as segment_id, 'Segment ' || s as name, 'กลุ่มที่ ' || s as name_th, 'select …' as definition,
        1 as definition_version, $contacts // 20 as member_count, $now as computed_at
    from range(8) as t (s)
"""
_TALKS = 1000
_JOURNAL = {
    "journal__campaigns": """
        select 'campaign ' || n as campaign_id, 'Campaign ' || n as name, 'renewal' as purpose, 1 as definition_version,
            'approved' as status, $now as created_at, $now as updated_at from range(3) as t (n)
    """,
    "journal__campaign_runs": """
        select run_id, any_value(campaign_id) as campaign_id, run_id as occurrence, 1 as definition_version,
            'planned' as status, min(planned_at) as decided_at, $now as updated_at
        from raw.journal__messages group by run_id
    """,
    "journal__conversations": """
        select 'v' || n as conversation_id, 'p' || n * 7 as contact_id, ['whatsapp', 'line'][1 + n % 2] as channel,
            'a' || n as address, 'open' as status, 3 as message_count, $now - to_days(3) as opened_at,
            $now - to_hours(n % 90) as last_inbound_at, $now - to_hours(45) as last_outbound_at, $now as updated_at
        from range($contacts // 100) as t (n)
    """,
}


def make_world(settings: Settings, events: int, now: datetime) -> EventHistory:
    """Write the history, build every mart and publish it to ``settings.serve_dir``; returns the history."""
    folder = settings.data_dir / "history"
    folder.mkdir(parents=True)
    history = EventHistory(folder, events, now)
    history.write()
    with connect(Path(settings.data_dir) / "warehouse.duckdb") as connection:
        prepare(connection)
        history.load_base(connection)
        _load_rest(connection, history)
        build(connection, now=now)
        publish(connection, settings.serve_dir, now)
    _talk(settings, history)
    return history


def _talk(settings: Settings, history: EventHistory) -> None:
    """Write the newest conversations into the store, where the page looks for them first."""
    now = history.now
    rows = [
        {
            "conversation_id": f"v{n}",
            "contact_id": f"p{n * 7}",
            "channel": ("line", "whatsapp")[n % 2],
            "address": f"a{n}",
            "status": "open",
            "message_count": 3,
            "opened_at": now - timedelta(days=3),
            "last_inbound_at": now - timedelta(hours=n % 90),
            "last_outbound_at": now - timedelta(hours=45),
            "waiting_since": now - timedelta(hours=n % 90),
            "updated_at": now,
        }
        for n in range(min(history.contacts // 100, _TALKS))
    ]
    engine = open_store(settings.effective_store_url)
    with engine.begin() as connection:
        connection.execute(conversations.insert(), rows)
    engine.dispose()


def _load_rest(connection: duckdb.DuckDBPyConnection, history: EventHistory) -> None:
    known = {"now": history.now, "contacts": history.contacts}

    def bound(query: str) -> dict[str, object]:
        return {name: value for name, value in known.items() if f"${name}" in query}

    for table, query in (_CRM | _JOURNAL).items():
        connection.execute(f"insert into raw.{table} by name {query}", bound(query))
    for query in (_DECISIONS, _MEMBERSHIPS, _SEGMENTS):
        connection.execute(query, bound(query) or None)
