"""A year of messages and events as Parquet, and the next 1 % of it: new, late by up to 30 days, 3 % repeated."""

from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.crm.tables import TABLES as CRM_TABLES
from pipelines.journal import judgements
from pipelines.journal.source import NUMBERED
from pipelines.journal.source import TABLES as JOURNAL_TABLES
from pipelines.profiles import arrow_table

# A message a third of an event; the newest 1 % of both come with the refresh.
_MESSAGES = """
    select
        md5('m' || i) as message_id,
        'campaign ' || i % 3 as campaign_id,
        'campaign ' || i % 3 || ' of ' || planned_at::date as run_id,
        'first' as step,
        'a' as variant,
        'p' || hash(i) % $contacts as contact_id,
        'c' || (hash(i) % $contacts) // 10 as company_id,
        ['email', 'whatsapp', 'line'][1 + i % 3] as channel,
        'renewal' as purpose,
        'person' || i || '@example.com' as address,
        'template ' || i % 3 as template_id,
        1 as template_version,
        'en' as language,
        '{"name": "Person ' || i || '", "company": "Company ' || i % 9999 || '"}' as variables,
        1 as priority,
        case when i % 50 = 0 then 'failed' when i % 3 = 0 then 'accepted' else 'delivered' end as status,
        'wamid.' || md5('w' || i) as provider_message_id,
        1 as attempts,
        planned_at,
        planned_at as claimed_at,
        planned_at + interval 2 seconds as accepted_at,
        case when i % 3 > 0 then planned_at + interval 9 seconds end as delivered_at,
        0.0128 as cost_amount,
        'USD' as cost_currency,
        planned_at + interval 9 seconds as updated_at,
        $load_number as _load_number
    from (
        select range as i, $now - interval 365 days + interval 365 days / $messages * range as planned_at
        from range($first, $until)
    )
"""
# Every third event of a message comes late, up to 30 days; providers' machines click and open, too.
_EVENTS = """
    select
        md5('e' || j) as event_id,
        md5('m' || i) as message_id,
        'p' || hash(i) % $contacts as contact_id,
        ['email', 'whatsapp', 'line'][1 + i % 3] as channel,
        ['delivered', 'opened', 'opened', 'clicked', 'read', 'replied'][1 + (hash(j) % 6)::bigint] as event_type,
        'their word' as provider_event_type,
        'wamid.' || md5('w' || i) as provider_message_id,
        'l' || hash(j) % 5 as link_id,
        'unknown' as actor,
        '{"method": "GET", "user_agent": "'
        || ['Mozilla/5.0', 'Mozilla/5.0 (iPhone; like Mac OS X)', 'Barracuda'][1 + (hash(j) % 3)::bigint]
        || '"}' as detail,
        j as inbox_id,
        recorded_at
        - case when j % 3 = 0 then interval 1 second * (hash(j) % 2592000)::bigint else interval 2 seconds end
            as occurred_at,
        recorded_at as received_at,
        recorded_at,
        $load_number as _load_number
    from (
        select
            range as j,
            -- A message of the last 30 days.
            greatest(
                range // 3 - case when range % 3 = 0 then (hash(range) % (1 + $messages // 12))::bigint else 0 end, 0
            ) as i,
            $now - interval 365 days + interval 365 days / $messages * (range / 3) + interval 9 seconds as recorded_at
        from range($first * 3, $until * 3)
    )
"""
_CONTACTS = """
    select
        'p' || range as id, 'c' || range // 10 as company, 'Person ' || range as name,
        'person' || range || '@example.com' as email, '+6681' || lpad((range % 10000000)::text, 7, '0') as mobile,
        true as is_active, true as receives_renewal_emails, false as _is_deleted, $now as _loaded_at
    from range($contacts)
"""
# What messages name.
_NAMED = (
    "insert into raw.journal__campaigns by name select 'campaign ' || range as campaign_id from range(3)",
    (
        "insert into raw.journal__templates by name"
        " select 'template ' || range as template_id, 'email' as channel, 'en' as language, 1 as version from range(3)"
    ),
    (
        "insert into raw.journal__campaign_runs by name"
        " select distinct run_id, campaign_id from read_parquet('{folder}/*_messages.parquet')"
    ),
)


class EventHistory:
    """Parquet files of ``events`` events: ``base`` (99 %) and ``news``; and how they get into ``raw``."""

    def __init__(self, folder: Path, events: int, now: datetime) -> None:
        self.folder, self.events, self.now = folder, events, now
        self.messages, self.contacts = events // 3, max(events // 10, 10)

    def write(self) -> None:
        """Write the files: a third of ``events`` messages, a tenth contacts."""
        newest = self.messages * 99 // 100
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            for name, first, until, number in (("base", 0, newest, 1), ("news", newest, self.messages, 2)):
                for table, query in (("messages", _MESSAGES), ("events", _EVENTS)):
                    self._write(connection, f"{name}_{table}", query, first=first, until=until, load_number=number)
            self._write(connection, "contacts", _CONTACTS)
            # What a provider sends twice arrives twice: 3 % as many as the new ones, out of the last days.
            repeated = self.events // 100 * 3 // 100
            self._write(
                connection,
                "again_events",
                f"select * replace (2 as _load_number) from '{self.folder}/base_events.parquet'"  # noqa: S608 -- our own file
                f" order by inbox_id desc limit {repeated}",
            )

    def _write(self, connection: duckdb.DuckDBPyConnection, name: str, query: str, **values: int) -> None:
        known = {"now": self.now, "contacts": self.contacts, "messages": self.messages} | values
        used = {key: value for key, value in known.items() if f"${key}" in query}
        connection.execute(f"create or replace temp table made as {query}", used)
        connection.execute(f"copy made to '{self.folder}/{name}.parquet'")

    def load_base(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make every raw table, and fill those of messages, events and contacts."""
        for name, columns in (CRM_TABLES | JOURNAL_TABLES | {judgements.TABLE: judgements.COLUMNS}).items():
            connection.register("empty", arrow_table([], columns))
            connection.execute(f"create table raw.{name} as from empty")
        for name in NUMBERED:
            connection.execute(f"alter table raw.{name} add column _load_number bigint")
        for table, file in (
            ("journal__messages", "base_messages"),
            ("journal__events", "base_events"),
            ("crm__contacts", "contacts"),
        ):
            connection.execute(f"insert into raw.{table} by name from '{self.folder}/{file}.parquet'")
        for statement in _NAMED:
            connection.execute(statement.format(folder=self.folder))

    def load_news(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Merge what is new, late and repeated, as the journal does; returns the new events."""
        for table, key, files in (
            ("journal__messages", "message_id", ["news_messages"]),
            ("journal__events", "event_id", ["news_events", "again_events"]),
        ):
            paths = [f"{self.folder}/{file}.parquet" for file in files]
            delete = f"delete from raw.{table} where {key} in (select {key} from read_parquet(?))"  # noqa: S608 -- names of ours
            connection.execute(delete, [paths])
            connection.execute(f"insert into raw.{table} by name from read_parquet(?)", [paths])
        return self.events // 100
