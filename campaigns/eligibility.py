"""Between planning and sending: what is no longer true is not sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaigns.definitions import all_campaigns
from campaigns.trial import VARIANT as TEST
from core.store import ledger
from core.store.tables import messages
from core.vocabulary import Status

_GONE = {
    "contract": "select contract_id, 'renewed, or no longer active' from marts.contracts "
    "where has_successor or status <> 'Active' or is_deleted or not send_renewal_reminders",
    "invoice": "select invoice_id, 'paid, or no longer open' from marts.invoices where not is_open",
    "zone": "select zone_id, 'online again' from marts.zones where offline_since is null or is_deleted",
    # What depends on the purpose too: a contract that is to be signed is not yet active.
    "contract for contract": "select contract_id, 'signed, or no longer offered' from marts.contracts "
    "where status not in ('Draft', 'Sent') or is_deleted",
    "contract for seasonal": "select contract_id, 'a new contract follows' from marts.contracts where has_successor",
    "opportunity for quote": "select opportunity_id, 'decided, or given up' from marts.opportunities "
    "where stage not in ('Contacted', 'Quotation Sent') or not is_active or is_deleted",
    "quote for quote": "select quote_id, 'answered, or no longer offered' from marts.quotes "
    "where status not in ('Draft', 'Sent') or is_deleted",
    "ticket for quarterly": "select ticket_id, 'open again' from marts.tickets where is_open or is_deleted",
}
_REPLIED = """
    select contact.company_id, max(event.occurred_at)
    from marts.message_events as event inner join marts.contacts as contact using (contact_id)
    where event.event_type = 'replied' and event.occurred_at >= ? group by all
"""
_OPTED_OUT = "select contact_id, purpose from (select contact_id, unnest(consents) as purpose from marts.contacts)"


def cancel_ineligible(connection: Any, engine: sa.Engine, now: datetime) -> int:
    """Cancel planned messages that are about something settled or answered, suppress those whose consent is gone.

    Call it after a build and before sending; returns how many messages it ended.
    """
    with engine.connect() as store:
        planned = store.execute(
            sa.select(
                messages.c.message_id,
                messages.c.subject_type,
                messages.c.subject_id,
                messages.c.contact_id,
                messages.c.company_id,
                messages.c.campaign_id,
                messages.c.planned_at,
                messages.c.purpose,
            ).where(messages.c.status == Status.PLANNED, messages.c.variant != TEST)
        ).all()
    if not planned:
        return 0
    gone = {kind: dict(connection.execute(sql).fetchall()) for kind, sql in _GONE.items()}
    consents = set(connection.execute(_OPTED_OUT).fetchall())
    stopped_by_reply = {book.campaign_id for book in all_campaigns(engine) if "replied" in book.stop_when}
    replied = _replied(connection, [row for row in planned if row.campaign_id in stopped_by_reply])
    ended = 0
    with engine.begin() as store:
        for row in planned:
            about = f"{row.subject_type} for {row.purpose}"
            if reason := gone.get(about, gone.get(row.subject_type or "", {})).get(row.subject_id):
                ended += ledger.cancel(store, row.message_id, reason=reason, at=now)
            elif row.message_id in replied:
                ended += ledger.cancel(store, row.message_id, reason="the company replied", at=now)
            elif (row.contact_id, row.purpose) not in consents:
                ended += ledger.suppress(store, row.message_id, reason="consent withdrawn in the CRM", at=now)
    return ended


def _replied(connection: Any, planned: Sequence[Any]) -> set[str]:
    """Return the messages whose company replied since they were planned."""
    if not planned:
        return set()
    found = connection.execute(_REPLIED, [min(row.planned_at for row in planned)]).fetchall()
    last = dict(found)
    return {row.message_id for row in planned if row.company_id in last and last[row.company_id] >= row.planned_at}
