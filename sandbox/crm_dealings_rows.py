"""The stand-in CRM's dealings as its REST API shows them, and the lines of its papers: as in the recordings."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.crm_dealings import SALES, TECH

ADMIN = "bdd640fb-0667-4ad1-9c80-317fa3b1799d"
Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]


def money(value: float) -> str:
    """Return an amount as a decimal string."""
    return f"{value:.2f}"


def line_item(owner: Row, kind: str, amount: float, tax_rate: str) -> Row:
    """Return the one line of a contract, an invoice or a quote; its id derives from its paper's."""
    return {
        "id": f"{owner['id'][:24]}{owner['id'][:11:-1].replace('-', '')[:12]}",
        kind: owner["id"],
        "product_service": "Background music",
        "description": "per zone",
        "quantity": "1.00",
        "unit_price": money(amount),
        "tax_rate": tax_rate,
        "line_total": money(amount),
        "created_at": owner["created_at"],
        "updated_at": owner["updated_at"],
    }


def _named(row: Row, tables: Tables, **references: str) -> Row:
    """Return the names beside references; the key is absent where there is no reference."""
    found = {name: tables[kind].get(row[name] or "") for name, kind in references.items()}
    return {f"{name}_name": each["name"] for name, each in found.items() if each is not None}


def _quotes(row: Row, tables: Tables, now: datetime) -> Row:
    is_thai = row["currency"] == "THB"
    tax = row["subtotal"] * 7 / 100 if is_thai else 0
    item = line_item(row, "quote", row["subtotal"], "7.00" if is_thai else "0.00")
    steps = [("Created", row["created_at"])] + ([("Sent", row["updated_at"])] if row["sent_date"] else [])
    return {
        **row,
        **_named(row, tables, contact="contacts", opportunity="opportunities"),
        "contract_duration_months": 12,
        "subtotal": money(row["subtotal"]),
        "tax_amount": money(tax),
        "discount_amount": "0.00",
        "total_value": money(row["subtotal"] + tax),
        "billing_frequency": "annual",
        "payment_schedule": "",
        "terms_conditions": "",
        "notes": "",
        "is_expired": row["valid_until"] < now.date() and row["status"] in {"Draft", "Sent"},
        "days_until_expiry": (row["valid_until"] - now.date()).days,
        "rejected_date": None,
        "expired_date": None,
        "created_by": SALES,
        "created_by_name": "Nok Sales",
        "line_items": [{**item, "unit_value": None, "discount_percentage": "0.00"}],
        "attachments": [],
        "activities": [
            {
                "id": f"{row['id'][:-1]}{place}",
                "quote": row["id"],
                "user": SALES,
                "user_name": "Nok Sales",
                "activity_type": step,
                "description": "synthetic",
                "created_at": moment,
            }
            for place, (step, moment) in enumerate(steps)
        ],
    }


def _tasks(row: Row, tables: Tables, now: datetime) -> Row:
    comment = {
        "id": f"{row['id'][:-1]}c",
        "task": row["id"],
        "user": ADMIN,
        "user_name": "Ada Admin",
        "comment": "Done by phone",
        "created_at": row["completed_at"],
        "updated_at": row["completed_at"],
    }
    return {
        **row,
        **_named(row, tables, related_opportunity="opportunities", related_contact="contacts"),
        "assigned_to": SALES,
        "assigned_to_name": "Nok Sales",
        "created_by": ADMIN,
        "created_by_name": "Ada Admin",
        "description": "",
        "related_contract": None,
        "is_overdue": row["due_date"] < now and row["status"] != "Done",
        "comments": [comment] if row["completed_at"] else [],
    }


def _opportunity_activities(row: Row, tables: Tables, _now: datetime) -> Row:
    return {
        **row,
        **_named(row, tables, contact="contacts"),
        "user": SALES,
        "user_name": "Nok Sales",
        "subject": "Follow up",
        "description": "Synthetic activity",
        "outcome": "",
        "next_steps": "",
    }


def _ticket_comments(row: Row, _tables: Tables, _now: datetime) -> Row:
    return {**row, "author": TECH, "author_name": "Tom Tech", "author_role": "Tech", "text": "Looking into it"}


def _email_logs(row: Row, tables: Tables, _now: datetime) -> Row:
    contact = tables["contacts"].get(row["contact"] or "")
    record = {
        **row,
        "contact_name": contact["name"] if contact else None,
        "from_email": "production@crm.example",
        "cc_emails": "",
        "status_display": row["status"].title(),
        "email_type_display": row["email_type"].replace("_", " ").title(),
        "clicked_at": None,
        "error_message": "",
        "message_id": f"<{row['id'][:8]}@crm.example>",
    }
    del record["updated_at"]
    return record


def _campaigns(row: Row, _tables: Tables, _now: datetime) -> Row:
    count = row["total_sent"]
    none = ("total_bounced", "total_opened", "total_clicked", "total_unsubscribed", "total_complained")
    return {
        **row,
        **dict.fromkeys((*none, "open_rate", "click_rate", "bounce_rate", "failed_count"), 0),
        **dict.fromkeys(("template", "template_name", "scheduled_send_date", "reply_to_email")),
        "campaign_type_display": row["campaign_type"].title(),
        "target_audience": {"country": "Thailand", "industry": "Hotels"},
        "recipients_count": row["audience_count"],
        "status_display": row["status"].title(),
        "send_immediately": False,
        "sender_email": "production@crm.example",
        "total_delivered": count,
        "sent_count": count,
        "pending_count": row["audience_count"] - count,
    }


def _segments(row: Row, _tables: Tables, _now: datetime) -> Row:
    rule = {"field": row["field"], "operator": "equals", "value": "th"}
    record = {
        **row,
        "description": "synthetic",
        "segment_type": "dynamic",
        "status": "active",
        "filter_criteria": {"entity": "contact", "match_type": "all", "rules": [rule]},
        "member_count": 0,
        "last_calculated_at": row["created_at"],
        "created_by": ADMIN,
        "created_by_name": "Ada Admin",
        "tags": "synthetic",
        "last_used_at": None,
        "times_used": 0,
        "member_preview": [],
        "can_edit": True,
    }
    del record["field"]
    return record


def _tickets(row: Row, _tables: Tables, _now: datetime) -> Row:
    closed = row["updated_at"] if row["status"] == "closed" else None
    return {
        **row,
        "description": "Synthetic ticket",
        "category": "technical",
        "contact": None,
        "contact_name": None,
        "zone": None,
        "zone_name": None,
        "zone_platform": None,
        "assigned_to": None,
        "assigned_to_name": None,
        "assigned_team": "Tech",
        "created_by": ADMIN,
        "created_by_name": "Ada Admin",
        "first_response_at": closed,
        "resolved_at": closed,
        "closed_at": closed,
        "due_date": None,
        "first_response_time_hours": None,
        "resolution_time_hours": None,
        "is_overdue": False,
        "tags": "",
        "comments": [],
        "attachments": [],
        "comments_count": 0,
        "internal_notes_count": 0,
    }


def _notes(row: Row, _tables: Tables, _now: datetime) -> Row:
    return {
        "author": ADMIN,
        "author_name": "Ada Admin",
        "contact": None,
        "note_type": "General",
        "priority": "Medium",
        "title": "",
        "is_private": False,
        "follow_up_date": None,
        "tags": "",
        **row,
    }


SHOWN: dict[str, Callable[[Row, Tables, datetime], Row]] = {
    "quotes": _quotes,
    "tickets": _tickets,
    "tasks": _tasks,
    "notes": _notes,
    "opportunity-activities": _opportunity_activities,
    "ticket-comments": _ticket_comments,
    "email-logs": _email_logs,
    "campaigns": _campaigns,
    "segments": _segments,
}
