"""The stand-in CRM's list queries: filters, search, orders and pages, with the original's quirks."""

import hashlib
from itertools import groupby
from typing import Any

from sandbox.crm_rows import SORT_ALIASES

SINGULAR = {
    "companies": "Company",
    "contacts": "Contact",
    "contracts": "Contract",
    "zones": "Zone",
    "invoices": "Invoice",
    "opportunities": "Opportunity",
    "tickets": "Ticket",
    "notes": "Note",
    "quotes": "Quote",
    "opportunity-activities": "OpportunityActivity",
    "ticket-comments": "TicketComment",
    "tasks": "Task",
    "email-logs": "EmailLog",
    "campaigns": "EmailCampaign",
    "segments": "CustomerSegment",
}
# What goes with a deleted row: collection and the field that names the row.
CASCADES = {
    "companies": tuple(
        (kind, "company")
        for kind in (
            *("contacts", "contracts", "zones", "invoices", "opportunities", "quotes", "tickets", "tasks", "notes"),
            "email-logs",
        )
    ),
    "opportunities": (("opportunity-activities", "opportunity"),),
    "tickets": (("ticket-comments", "ticket"),),
}
DEFAULT = {
    "companies": "name",
    "contacts": "name",
    "contracts": "-start_date",
    "zones": "company_name,name",
    "invoices": "-issue_date",
    "opportunities": "-expected_value",
    "tickets": "-created_at",
    "notes": "-created_at",
    "opportunity-activities": "-created_at",
    "quotes": "-created_at",
    "ticket-comments": "created_at",
    "tasks": "-priority,due_date",
    "email-logs": "-created_at",
    "campaigns": "-created_at",
    "segments": "-created_at",
}
_ORDERINGS = {
    "companies": "name created_at updated_at industry country",
    "contracts": "created_at start_date end_date value updated_at company__name contract_number",
    "zones": "*",
    "contacts": "name email created_at updated_at last_contacted company__name",
    "invoices": "created_at issue_date due_date total_amount updated_at company__name",
    "opportunities": "created_at expected_value expected_close_date stage",
    "tickets": "created_at priority status due_date",
    "notes": "created_at priority note_type",
    "opportunity-activities": "created_at activity_type",
    "quotes": "created_at quote_number total_value valid_until status updated_at company__name",
    "ticket-comments": "*",
    "tasks": "created_at due_date priority status company__name updated_at",
    "email-logs": "created_at sent_at opened_at",
    "campaigns": "created_at scheduled_send_date actual_send_date audience_count total_sent",
    "segments": "created_at name member_count last_used_at",
}
_FILTERS = {
    "companies": "industry is_active country parent_company",
    "contacts": "company contact_type is_primary is_active",
    "contracts": "company contract_type status is_active",
    "zones": "company platform status",
    "invoices": "company contract status issue_date due_date",
    "opportunities": "company stage is_active",
    "tickets": "status priority category company",
    "notes": "company note_type priority",
    "opportunity-activities": "opportunity activity_type",
    "quotes": "company status contact opportunity currency",
    "ticket-comments": "ticket",
    "tasks": "company priority status task_type",
    "email-logs": "company contact contract invoice quote status email_type",
    "campaigns": "campaign_type status",
    "segments": "status segment_type",
}
_CHOICES = {
    ("contracts", "status"): ["Draft", "Sent", "Active", "Renewed", "Expired", "Cancelled"],
    ("invoices", "status"): ["Draft", "Sent", "Paid", "Overdue", "Cancelled", "Refunded"],
}
_SEARCH = {"notes": ("title", "text", "tags"), "companies": ("name", "country"), "contacts": ("name", "email")}


class RefusalError(Exception):
    """A query that the CRM answers with an error."""

    def __init__(self, status: int, body: dict[str, Any], kind: str, text: str) -> None:
        super().__init__(text)
        self.status, self.body, self.kind = status, body, kind


def matches(kind: str, row: dict[str, Any], query: dict[str, str]) -> bool:
    """Say whether a row passes the filters and the search. Raises RefusalError for a choice that does not exist."""
    for name in _FILTERS[kind].split():
        if name not in query:
            continue
        wanted = query[name]
        if (kind, name) in _CHOICES and wanted not in _CHOICES[kind, name]:
            text = f"Select a valid choice. {wanted} is not one of the available choices."
            raise RefusalError(400, {name: [text]}, "ValidationError", text)
        value = row.get(name)
        if isinstance(value, bool):
            if wanted.lower() in {"true", "1", "false", "0"} and value != (wanted.lower() in {"true", "1"}):
                return False
        elif str(value) != wanted:
            return False
    words = query.get("search", "").lower().split()
    text = " ".join(str(row.get(name, "")) for name in _SEARCH.get(kind, ("name",))).lower()
    return all(word in text for word in words)


def ordered(kind: str, rows: list[dict[str, Any]], asked: str) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    """Order rows as asked, or by the collection's default order; with each row's place among its ties' keys."""
    allowed = _ORDERINGS[kind].split()
    names = [name for name in asked.split(",") if name and ("*" in allowed or name.lstrip("-") in allowed)]
    columns = []
    rows = list(rows)
    for name in reversed(names or DEFAULT[kind].split(",")):
        column = SORT_ALIASES.get(name.lstrip("-"), name.lstrip("-"))
        columns.append(column)
        rows.sort(key=lambda row: (row.get(column) is None, row.get(column) or 0), reverse=name.startswith("-"))
    return rows, [tuple(row.get(column) for column in columns) for row in rows]


def part_of(rows: list[dict[str, Any]], keys: list[tuple[Any, ...]], page: int, size: int) -> list[dict[str, Any]]:
    """Return a page. The database orders ties as it likes, differently for each page: default orders lose rows."""
    start, end = (page - 1) * size, min(page * size, len(rows))
    first, last = start, end
    while first > 0 and keys[first - 1] == keys[start]:
        first -= 1
    while last < len(rows) and keys[last] == keys[end - 1]:
        last += 1
    shuffled: list[dict[str, Any]] = []
    for _, tied in groupby(range(first, last), key=keys.__getitem__):
        shuffled += sorted((rows[place] for place in tied), key=lambda row: _dice(page, row))
    return shuffled[start - first : end - first]


def _dice(page: int, row: dict[str, Any]) -> bytes:
    return hashlib.md5(f"{page}{row['id']}".encode(), usedforsecurity=False).digest()


def positive(text: str | None, default: int, most: int) -> int:
    """Read a positive number, bounded; anything else is the default."""
    return min(int(text), most) if text and text.isdigit() and int(text) > 0 else default
