"""What must be the matter with a company for a playbook to write to it: for each of them, and for it alone."""

from collections.abc import Callable
from datetime import timedelta

from tests.campaigns.conftest import Town


def _season(town: Town, _company: str) -> None:
    town.now = town.now.replace(month=11)  # a Monday too, some weeks before Christmas


def _start(town: Town, company: str) -> None:
    town.connection.execute("update raw.crm__contracts set start_date = ? where company = ?", [town.today, company])


def _leave(town: Town, company: str) -> None:
    day = town.today - timedelta(days=40)
    town.connection.execute("update raw.crm__contracts set end_date = ? where company = ?", [day, company])


def _ask_to_sign(town: Town, company: str) -> None:
    town.contract(company, ends_in=300, status="Sent", sent_date=town.today - timedelta(days=6))


def _solve(town: Town, company: str) -> None:
    solved = {"status": "resolved", "resolved_at": town.now - timedelta(days=2), "priority": "low"}
    town.row("tickets", company=company, ticket_number="T-1", subject="Music stopped", **solved)


def _talk(town: Town, company: str) -> None:
    quiet = {"stage": "Contacted", "is_active": True, "stage_changed_at": town.now - timedelta(days=15)}
    town.row("opportunities", company=company, **quiet)


OCCASIONS: dict[str, Callable[[Town, str], object]] = {
    "renewal": lambda town, company: town.contract(company, ends_in=10),
    "renewal_multi_year": lambda town, company: town.contract(
        company, ends_in=80, start_date=town.today - timedelta(days=700)
    ),
    "payment_overdue": lambda town, company: town.invoice(company, late=8),
    "quarterly_checkin": lambda town, company: town.contract(company, ends_in=274),  # and so it began 90 days ago
    "zone_offline": lambda town, company: town.zone(company, hours_off=10),
    "seasonal": _season,
    "quote_follow_up": lambda town, company: town.quote(company, sent=4),
    "contract_follow_up": _ask_to_sign,
    "onboarding": _start,
    "win_back": _leave,
    "ticket_feedback": _solve,
    "stale_deal": _talk,
}
