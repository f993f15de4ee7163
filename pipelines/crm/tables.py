"""The raw CRM tables: how each collection is read, and what its table and those of its nested rows hold."""

from dataclasses import dataclass

from pipelines.crm.columns import COLUMNS, LEFT


@dataclass(frozen=True)
class Nested:
    """Rows that the CRM shows only inside a record of a collection, in the list ``field``.

    ``owner`` is the column of their table that names that record.
    """

    name: str
    field: str
    owner: str

    @property
    def columns(self) -> dict[str, str]:
        """Column → type word, as the record has them."""
        return COLUMNS[self.name]

    @property
    def table(self) -> str:
        """Name of the raw table."""
        return f"crm__{self.name}"


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One CRM collection: how it is read and what its raw table holds.

    ``ordering`` names rows completely, so that no page loses one; ``watermark`` is the time by which the CRM can order
    what is new, empty where it can not; ``mcp`` is the collection's name on ``/mcp/``, empty where it is not there or
    does not suffice (nested rows are not shown there).
    """

    name: str
    ordering: str
    page_size: int
    watermark: str = ""
    mcp: str = ""
    nested: tuple[Nested, ...] = ()

    @property
    def columns(self) -> dict[str, str]:
        """Column → type word; names are the CRM's own REST field names."""
        return COLUMNS[self.name]

    @property
    def left(self) -> frozenset[str]:
        """Fields that we know and leave in the CRM."""
        return frozenset(LEFT[self.name].split())

    @property
    def path(self) -> str:
        """Where the CRM lists it."""
        return f"/api/v1/{self.name.replace('_', '-')}/"

    @property
    def table(self) -> str:
        """Name of the raw table."""
        return f"crm__{self.name}"


_UPDATED = "updated_at"
COLLECTIONS = (
    Collection(name="companies", ordering="updated_at,name", page_size=100, watermark=_UPDATED, mcp="company"),
    Collection(
        name="contacts",
        ordering="updated_at,email,company__name",
        page_size=500,
        watermark=_UPDATED,
        mcp="contact",
    ),
    Collection(
        name="contracts",
        ordering="updated_at,contract_number",
        page_size=200,
        watermark=_UPDATED,
        nested=(
            Nested("contract_zones", "contract_zones", "contract_id"),
            Nested("contract_line_items", "line_items", "contract_id"),
            Nested("contract_service_locations", "service_locations", "contract_id"),
        ),
    ),
    Collection(name="zones", ordering="updated_at,id", page_size=500, watermark=_UPDATED, mcp="zone"),
    Collection(
        name="invoices",
        ordering="updated_at,created_at,issue_date,due_date,total_amount,company__name",
        page_size=500,
        watermark=_UPDATED,
        nested=(Nested("invoice_line_items", "line_items", "invoice_id"),),
    ),
    Collection(
        name="opportunities",
        ordering="created_at,expected_value,expected_close_date,stage",
        page_size=200,
        mcp="opportunity",
    ),
    Collection(name="opportunity_activities", ordering="created_at,activity_type", page_size=500),
    Collection(
        name="quotes",
        ordering="updated_at,quote_number",
        page_size=200,
        watermark=_UPDATED,
        nested=(
            Nested("quote_line_items", "line_items", "quote_id"),
            Nested("quote_activities", "activities", "quote_id"),
        ),
    ),
    Collection(name="tickets", ordering="created_at,due_date,priority,status", page_size=200, mcp="ticket"),
    Collection(name="ticket_comments", ordering="updated_at,id", page_size=500, watermark=_UPDATED),
    Collection(
        name="tasks",
        ordering="updated_at,created_at,due_date,company__name",
        page_size=500,
        watermark=_UPDATED,
        nested=(Nested("task_comments", "comments", "task_id"),),
    ),
    Collection(name="notes", ordering="created_at,priority,note_type", page_size=200),
    # It has no updated_at: what was opened since comes with the full compare.
    Collection(name="email_logs", ordering="created_at,sent_at,opened_at", page_size=500, watermark="created_at"),
    Collection(
        name="campaigns",
        ordering="created_at,scheduled_send_date,actual_send_date,audience_count,total_sent",
        page_size=50,
    ),
    Collection(name="segments", ordering="created_at,name", page_size=50),
)
NESTED = tuple(nested for each in COLLECTIONS for nested in each.nested)

_OURS = {"_loaded_at": "time", "_is_deleted": "bool"}
PREFERENCES = {
    "contact_id": "text",
    "unsubscribed": "bool",
    "receives_notifications": "bool",
    "preferred_language": "text",
    "notification_types": "json",
    "_loaded_at": "time",
}
REJECTS = {"entity": "text", "entity_id": "text", "reason": "text", "record": "json", "_loaded_at": "time"}
HISTORY = {
    "entity": "text",
    "entity_id": "text",
    "field": "text",
    "old_value": "text",
    "new_value": "text",
    "valid_from": "time",
}
DRIFT = {
    "compared_at": "time",
    "collection": "text",
    "kind": "text",  # silent, late, unseen, deleted
    "entity_id": "text",
    "fields": "json",
    "compared_rows": "int",
}
LOADS = {"table_name": "text", "mode": "text", "row_count": "int", "newest_row_at": "time", "loaded_at": "time"}

TABLES: dict[str, dict[str, str]] = {
    **{each.table: {**each.columns, **_OURS} for each in COLLECTIONS},
    **{each.table: {"id": "text", each.owner: "text", **each.columns, **_OURS} for each in NESTED},
    "crm__contact_preferences": PREFERENCES,
    "crm__rejects": REJECTS,
    "crm__history": HISTORY,
    "crm__drift": DRIFT,
    "crm__loads": LOADS,
}
KEYS: dict[str, tuple[str, ...]] = {
    **{each.table: ("id",) for each in COLLECTIONS},
    **{each.table: ("id",) for each in NESTED},
    "crm__contact_preferences": ("contact_id",),
    "crm__rejects": ("entity", "entity_id"),
    "crm__history": ("entity", "entity_id", "field", "valid_from"),
    "crm__drift": ("compared_at", "collection", "entity_id"),
    "crm__loads": ("table_name",),
}
