"""Contacts just read, in the store's words: who may be written to, for what, and where."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.store.reach import STOPS, Reach
from core.vocabulary import Channel

_ADDRESSES = {"email": Channel.EMAIL, "mobile": Channel.WHATSAPP}


def reaches(contacts: Iterable[Mapping[str, Any]], preferences: Iterable[Mapping[str, Any]]) -> list[Reach]:
    """Put rows of ``crm__contacts`` and ``crm__contact_preferences``, typed, into the store's words."""
    return [*map(_of_contact, contacts), *map(_of_preference, preferences)]


def _of_contact(row: Mapping[str, Any]) -> Reach:
    if row.get("_is_deleted"):
        return Reach(contact_id=row["id"], fields={"is_deleted": True})
    addresses = {channel: row[name] or "" for name, channel in _ADDRESSES.items()}
    return Reach(contact_id=row["id"], fields={"is_deleted": False, **_fields(row)}, addresses=addresses)


def _of_preference(row: Mapping[str, Any]) -> Reach:
    return Reach(contact_id=row["contact_id"], fields=_fields(row))


def _fields(row: Mapping[str, Any]) -> dict[str, bool]:
    return {name: row[name] for name in STOPS if row.get(name) is not None}
