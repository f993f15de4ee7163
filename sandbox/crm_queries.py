"""The stand-in CRM's list queries: filters, search, orders and pages, with the original's quirks."""

import hashlib
from typing import Any

from sandbox.crm_rows import SORT_ALIASES

DEFAULT = {
    "companies": "name",
    "contacts": "name",
    "contracts": "-start_date",
    "zones": "company_name,name",
    "invoices": "-issue_date",
    "opportunities": "-expected_value",
    "tickets": "-created_at",
    "notes": "-created_at",
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


def ordered(kind: str, rows: list[dict[str, Any]], asked: str, page: int) -> list[dict[str, Any]]:
    """Order rows as asked, or by the collection's default order."""
    allowed = _ORDERINGS[kind].split()
    names = [name for name in asked.split(",") if name and ("*" in allowed or name.lstrip("-") in allowed)]
    # The database orders ties as it likes, differently for each page: default orders lose rows.
    rows = sorted(rows, key=lambda row: hashlib.md5(f"{page}{row['id']}".encode(), usedforsecurity=False).digest())
    for name in reversed(names or DEFAULT[kind].split(",")):
        column = SORT_ALIASES.get(name.lstrip("-"), name.lstrip("-"))
        rows.sort(key=lambda row: (row.get(column) is None, row.get(column) or 0), reverse=name.startswith("-"))
    return rows


def positive(text: str | None, default: int, most: int) -> int:
    """Read a positive number, bounded; anything else is the default."""
    return min(int(text), most) if text and text.isdigit() and int(text) > 0 else default
