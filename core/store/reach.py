"""What the CRM says about writing to a contact, effective for the next message, before the warehouse knows of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from core.store import ledger, suppressions
from core.store.tables import messages
from core.vocabulary import Channel, Purpose


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One contact as just read: yes-or-no fields by the CRM's name, addresses as typed. What was not read is absent."""

    contact_id: str
    fields: Mapping[str, bool] = field(default_factory=dict)
    addresses: Mapping[Channel, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Stop:
    """The value of a field that forbids writing, for which purpose, and why in words."""

    value: bool
    purpose: str
    reason: str


_CONSENTS = {
    "receives_renewal_emails": Purpose.RENEWAL,
    "receives_payment_emails": Purpose.PAYMENT,
    "receives_seasonal_emails": Purpose.SEASONAL,
    "receives_quarterly_emails": Purpose.QUARTERLY,
    "receives_soundtrack_alerts": Purpose.SERVICE_ALERT,
    "receives_quote_emails": Purpose.QUOTE,
    "receives_contract_emails": Purpose.CONTRACT,
    "receives_invoice_emails": Purpose.INVOICE,
}
STOPS = {
    "is_active": _Stop(False, suppressions.ALL, "no longer active in the CRM"),  # noqa: FBT003
    "is_deleted": _Stop(True, suppressions.ALL, "deleted in the CRM"),  # noqa: FBT003
    "unsubscribed": _Stop(True, suppressions.ALL, "opted out in the CRM"),  # noqa: FBT003
    "receives_notifications": _Stop(False, suppressions.ALL, "opted out in the CRM"),  # noqa: FBT003
    **{
        name: _Stop(False, purpose, f"does not agree to {purpose} in the CRM")  # noqa: FBT003
        for name, purpose in _CONSENTS.items()
    },
}
# A number is typed in many ways; these last digits are the same in all of them.
_TELLING_DIGITS = 7


def heed(connection: sa.Connection, reaches: Iterable[Reach], now: datetime) -> None:
    """Suppress who must not be written to, lift that when it no longer holds, cancel what goes to an old address.

    Each field has a suppression of its own (source ``crm:<field>``), so that one never lifts another's. A repeat
    changes nothing.
    """
    for reach in reaches:
        for name, value in reach.fields.items():
            _stop_or_lift(connection, reach.contact_id, name, now, is_forbidden=value == STOPS[name].value)
        for channel, address in reach.addresses.items():
            _cancel_to_others(connection, reach.contact_id, channel, address, now)


def _stop_or_lift(connection: sa.Connection, contact_id: str, name: str, now: datetime, *, is_forbidden: bool) -> None:
    stop, source = STOPS[name], f"crm:{name}"
    if is_forbidden:
        suppressions.add(
            connection,
            channel=suppressions.ALL,
            address=None,
            contact_id=contact_id,
            purpose=stop.purpose,
            reason=stop.reason,
            source=source,
            now=now,
        )
    else:
        suppressions.lift(connection, channel=suppressions.ALL, contact_id=contact_id, sources=(source,), now=now)


def _cancel_to_others(
    connection: sa.Connection, contact_id: str, channel: Channel, address: str, now: datetime
) -> None:
    planned = sa.select(messages.c.message_id, messages.c.address).where(
        ledger.IS_PLANNED, messages.c.channel == channel, messages.c.contact_id == contact_id
    )
    for message_id, planned_for in connection.execute(planned).all():
        if _comparable(planned_for, channel) != _comparable(address, channel):
            ledger.cancel(connection, message_id, reason="the address has changed in the CRM", at=now)


def _comparable(address: str, channel: Channel) -> str:
    if channel is Channel.EMAIL:
        return address.strip().lower()
    return re.sub(r"\D", "", address)[-_TELLING_DIGITS:]
