"""The stand-in CRM's contracts and their invoices: renewed in time or not, signed at once or late, paid or not."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.crm_history import Entity, World

THAILAND, HONG_KONG = "BMAsia (Thailand) Co., Ltd.", "BMAsia Limited"


class _Case(NamedTuple):
    """When a company's first contract began, in days before the base day, and for how long it was signed."""

    days_ago: int
    months: int
    is_signed_late: bool = False


# What chance makes too rarely for a small world: a contract of two years soon at its end, one that waits for weeks to
# be signed, a customer who has just begun.
_CASES = {3: _Case(648, 24), 8: _Case(-12, 12, is_signed_late=True), 13: _Case(1, 12)}


def add_contracts(world: World, company: Entity, number: int, zones: int) -> None:
    """Add a company's contracts, one after the other, each with its invoice."""
    rng = world.rng("contracts", number)
    is_thai = company.values["billing_entity"] == THAILAND
    start = world.base - timedelta(days=rng.randrange(20, 700))
    case = _CASES.get(number % 20)
    if case is not None:
        start = world.base - timedelta(days=case.days_ago + number // 20 % 5)
    previous: Entity | None = None
    for place in range(6):
        months = rng.choices((12, 6, 24, 36), (78, 8, 10, 4))[0]
        if case is not None and place == 0:
            months = case.months
        end = start + timedelta(days=round(months * 30.44) - 1)
        value = (zones * (13300 if is_thai else 380) * months) // 12
        created = start - timedelta(days=rng.randrange(1, 30), seconds=rng.randrange(80000))
        is_late = case is not None and case.is_signed_late and place == 0
        if is_late:
            created = start - timedelta(days=30)
        prefix = "TH" if is_thai else "HK"
        contract = world.new(
            "contracts",
            f"{number}.{place}",
            created,
            company=company.id,
            opportunity=None,
            quote=None,
            contract_number=f"{prefix}-CT{start.year % 100}{number:03}{place}",
            contract_type="Annual" if months >= 12 else "Custom",
            status="Sent",
            start_date=start.date(),
            end_date=end.date(),
            sent_date=created.date(),
            value=value,
            currency="THB" if is_thai else "USD",
            auto_renew=False,
            is_active=True,
            billing_frequency="Annual",
            send_renewal_reminders=months <= 12 or place % 2 == 0,
            renewed_from=previous.id if previous else None,
            price_per_zone=value // zones,
            zones=zones,
            lifecycle_type="renewal" if previous else "new",
        )
        signed = created + (timedelta(days=28) if is_late else _time_to_sign(world, number, place))
        contract.change(signed, status="Active")
        if previous is not None:
            previous.change(signed + timedelta(hours=1), status="Renewed")
        _add_invoice(world, company, contract, f"{number}.{place}", start, value, is_thai=is_thai)
        if end > world.base + timedelta(days=370) or rng.random() > 0.66:
            if end < world.base and rng.random() < 0.7:
                contract.change(end + timedelta(days=10), status="Expired", is_active=False)
            return
        previous, start = contract, end + timedelta(days=1)


def _add_invoice(
    world: World, company: Entity, contract: Entity, key: str, start: datetime, value: int, *, is_thai: bool
) -> None:
    rng = world.rng("invoice", key)
    issued = start + timedelta(days=rng.randrange(0, 60), hours=3)
    tax = value * 7 // 100 if is_thai else 0
    invoice = world.new(
        "invoices",
        key,
        issued,
        company=company.id,
        contract=contract.id,
        invoice_number=f"INV-{'TH' if is_thai else 'HK'}-{issued.year}-{key.replace('.', '-')}",
        status="Sent",
        issue_date=issued.date(),
        due_date=(issued + timedelta(days=30)).date(),
        paid_date=None,
        service_period_start=start.date(),
        service_period_end=contract.values["end_date"],
        amount=value,
        tax_amount=tax,
        total_amount=value + tax,
        currency="THB" if is_thai else "USD",
        receipt_number=None,
    )
    days = rng.choices((rng.uniform(5, 32), rng.uniform(38, 75), rng.uniform(80, 400)), (72, 20, 8))[0]
    paid = issued + timedelta(days=days)
    invoice.change(paid, status="Paid", paid_date=paid.date(), receipt_number=f"REC-{key.replace('.', '-')}")


def _time_to_sign(world: World, number: int, place: int) -> timedelta:
    """A day for most; a quarter of them lie on somebody's desk for weeks."""
    rng = world.rng("signing", number, place)
    return timedelta(hours=20) if rng.random() < 0.75 else timedelta(days=rng.uniform(4, 25))
