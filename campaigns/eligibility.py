"""Between planning and sending: what is no longer true is not sent."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.store import ledger
from core.store.tables import messages
from core.vocabulary import Status

_PAID = "select invoice_id, 'paid, or no longer open' from marts.invoices where not is_open"
# By what a message is about and what it is for: a contract that is to be signed is not yet active.
_GONE = {
    ("contract", "renewal"): "select contract_id, 'renewed, or no longer active' from marts.contracts "
    "where has_successor or status <> 'Active' or is_deleted or not send_renewal_reminders",
    ("contract", "contract"): "select contract_id, 'signed, or no longer offered' from marts.contracts "
    "where status not in ('Draft', 'Sent') or is_deleted",
    ("contract", "seasonal"): "select contract_id, 'a new contract follows' from marts.contracts where has_successor",
    ("invoice", "payment"): _PAID,
    ("invoice", "invoice"): _PAID,
    ("opportunity", "quote"): "select opportunity_id, 'decided, or given up' from marts.opportunities "
    "where stage not in ('Contacted', 'Quotation Sent') or not is_active or is_deleted",
    ("quote", "quote"): "select quote_id, 'answered, or no longer offered' from marts.quotes "
    "where status not in ('Draft', 'Sent') or is_deleted",
    ("ticket", "quarterly"): "select ticket_id, 'open again' from marts.tickets where is_open or is_deleted",
    ("zone", "service_alert"): "select zone_id, 'online again' from marts.zones "
    "where offline_since is null or is_deleted",
}
_OPTED_OUT = "select contact_id, purpose from (select contact_id, unnest(consents) as purpose from marts.contacts)"


def cancel_ineligible(connection: Any, engine: sa.Engine, now: datetime) -> int:
    """Cancel planned messages that are about something settled, suppress those whose consent is gone.

    Call it after a build and before sending; returns how many messages it ended.
    """
    with engine.connect() as store:
        planned = store.execute(
            sa.select(
                messages.c.message_id,
                messages.c.subject_type,
                messages.c.subject_id,
                messages.c.contact_id,
                messages.c.purpose,
            ).where(messages.c.status == Status.PLANNED)
        ).all()
    if not planned:
        return 0
    gone = {about: dict(connection.execute(sql).fetchall()) for about, sql in _GONE.items()}
    consents = set(connection.execute(_OPTED_OUT).fetchall())
    ended = 0
    with engine.begin() as store:
        for row in planned:
            if reason := gone.get((row.subject_type or "", row.purpose), {}).get(row.subject_id):
                ended += ledger.cancel(store, row.message_id, reason=reason, at=now)
            elif (row.contact_id, row.purpose) not in consents:
                ended += ledger.suppress(store, row.message_id, reason="consent withdrawn in the CRM", at=now)
    return ended
