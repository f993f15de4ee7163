"""The stand-in CRM's people and papers: everything that happens in about three years, from one seed."""

import random
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

from sandbox.crm_contracts import HONG_KONG, THAILAND, add_contracts
from sandbox.crm_dealings import add_dealings, add_mailings
from sandbox.crm_history import Entity, World

_NAMES = tomllib.loads((Path(__file__).parent / "crm_names.toml").read_text())
_KINDS = ("Hotel", "Resort & Spa", "Boutique Hotel", "Suites", "Restaurant", "Cafe", "Mall", "Lounge", "Villas")
_INDUSTRY = {"Restaurant": "Restaurants", "Cafe": "Cafes", "Mall": "Malls", "Lounge": "Bars"}
_PLACES = (
    ("Thailand", ("Bangkok", "Phuket", "Chiang Mai", "Krabi", "Pattaya", "Hat Yai"), 66, "+66"),
    ("Singapore", ("Singapore",), 70, "+65"),
    ("Hong Kong", ("Hong Kong",), 75, "+852"),
    ("Vietnam", ("Da Nang", "Hanoi"), 82, "+84"),
    ("Indonesia", ("Bali", "Jakarta"), 88, "+62"),
    ("UAE", ("Dubai",), 92, "+971"),
    ("United Arab Emirates", ("Abu Dhabi",), 94, "+971"),
    ("Maldives", ("Baa Atoll", "Male"), 100, "+960"),
)
_ROLES = (
    ("Primary", "General Manager"),
    ("Billing", "Accounts Payable"),
    ("Technical", "IT Manager"),
    ("Decision Maker", "Owner"),
    ("Other", "F&B Manager"),
)


def make_world(companies: int, seed: int, base: datetime) -> World:
    """Generate ``companies`` with everything that belongs to them, from two years before ``base`` to one after."""
    world = World(seed, base.replace(hour=0, minute=0, second=0, microsecond=0))
    for number in range(companies):
        _add_company(world, number)
    add_mailings(world, companies)
    return world


def _add_company(world: World, number: int) -> None:
    rng = world.rng("company", number)
    roll = rng.randrange(100)
    country, cities, _, dial = next(place for place in _PLACES if roll < place[2])
    city, kind = rng.choice(cities), rng.choice(_KINDS)
    name = f"{rng.choice(_NAMES['place'])} {rng.choice(_NAMES['view'])} {kind} {city} {number + 1}"
    slug = "".join(char if char.isalnum() else "-" for char in name.lower())
    created = world.base - timedelta(days=rng.randrange(720, 900), seconds=rng.randrange(80000))
    zones = min(14, 1 + int(rng.expovariate(0.35)))
    is_thai = country == "Thailand"
    company = world.new(
        "companies",
        str(number),
        created,
        name=name,
        legal_entity_name=f"{name} Co., Ltd.",
        country=country,
        website=f"https://{slug}.example",
        industry=_INDUSTRY.get(kind, "Hotels"),
        location_count=1,
        music_zone_count=zones,
        contracted_product=rng.choice(("soundtrack", "beatbreeze", "mixed", "")),
        contracted_zone_count=zones,
        contracted_synced_at=None,
        soundtrack_account_id="",
        is_active=rng.random() > 0.05,
        seasonal_emails_enabled=True,
        soundtrack_offline_alerts_enabled=rng.random() > 0.1,
        notes="",
        it_notes="",
        address_line1=f"{rng.randrange(1, 999)} Sample Road",
        address_line2="",
        city=city,
        state="",
        postal_code=str(rng.randrange(10000, 99999)),
        phone=f"{dial}2000{number:04}",
        email=f"info@{slug}.example",
        tax_id="",
        branch="Head Office",
        billing_entity=THAILAND if is_thai else HONG_KONG,
        parent_company=None,
        is_corporate_parent=False,
    )
    if number % 25 == 0 and number:
        parent = world.entities["companies"][number - rng.randrange(1, min(number, 20) + 1)]
        parent.values["is_corporate_parent"] = True
        company.values["parent_company"] = parent.id
    _add_contacts(world, company, number, slug, dial)
    _add_zones(world, company, number, zones, city)
    add_contracts(world, company, number, zones)
    _add_small_things(world, company, number)
    add_dealings(world, company, number, is_thai)


def _add_contacts(world: World, company: Entity, number: int, slug: str, dial: str) -> None:
    rng = world.rng("contacts", number)
    for place in range(0 if rng.random() < 0.06 else 1 + int(rng.random() * 3.4)):
        role, title = _ROLES[place % len(_ROLES)]
        first, last = rng.choice(_NAMES["first"]), rng.choice(_NAMES["last"])
        local = f"{first}.{last}".lower() if f"{first}{last}".isascii() else f"guest.relations{place}"
        digits = f"{rng.choice('689')}0{number:04}{place}{rng.randrange(100):02}"
        mobile = rng.choices(
            (
                f"{dial}{digits}",
                f"0{digits[:2]}-{digits[2:5]}-{digits[5:]}",
                f"{dial} {digits[:2]} {digits[2:5]} {digits[5:]}",
                "N/A",
                "",
            ),
            (60, 12, 10, 4, 14),
        )[0]
        contact = world.new(
            "contacts",
            f"{number}.{place}",
            company.created + timedelta(hours=1 + place),
            company=company.id,
            name=f"{first} {last}",
            email=f"{local}{rng.randrange(10, 99)}@{slug}.example",
            phone="",
            mobile=mobile,
            title=title,
            department="",
            contact_type=role,
            is_primary=place == 0,
            is_active=rng.random() > 0.04,
            preferred_contact_method=rng.choices(("Email", "Mobile", "Phone", ""), (50, 28, 7, 15))[0],
            linkedin_url="",
            notes=f"Prefers LINE (id: demo_{number}_{place})" if rng.random() < 0.18 else "",
            last_contacted=None,
            receives_renewal_emails=rng.random() > 0.06,
            receives_seasonal_emails=True,
            receives_payment_emails=rng.random() > 0.05,
            receives_quarterly_emails=True,
            receives_soundtrack_alerts=rng.random() < 0.55,
            receives_quote_emails=True,
            receives_contract_emails=True,
            receives_invoice_emails=True,
            unsubscribed=False,
            receives_notifications=True,
            preferred_language=rng.choices(
                ("en", "th"), ((30, 70) if company.values["country"] == "Thailand" else (97, 3))
            )[0],
            notification_types=[],
        )
        if rng.random() < 0.05:
            moment = world.base - timedelta(days=rng.randrange(0, 300))
            contact.change(moment, silent=rng.random() < 0.5, unsubscribed=True)


def _add_zones(world: World, company: Entity, number: int, count: int, city: str) -> None:
    for place in range(count):
        rng = world.rng("zone", number, place)
        platform = "soundtrack" if rng.random() < 0.7 else "beatbreeze"
        status = rng.choices(("online", "no_device", "pending"), (92, 5, 3))[0]
        start = company.created + timedelta(days=2)
        is_synced = platform == "soundtrack"
        zone = world.new(
            "zones",
            f"{number}.{place}",
            start,
            company=company.id,
            device=None,
            name=f"{city} - {_NAMES['zone'][place % len(_NAMES['zone'])]}",
            platform=platform,
            status=status,
            soundtrack_zone_id="",
            soundtrack_admin_email="",
            device_name="Player 1",
            last_seen_online=start if is_synced else None,
            notes="",
            last_api_sync=start if is_synced else None,
            is_orphaned=False,
            orphaned_at=None,
        )
        if is_synced and status == "online":
            _add_outages(world, zone, rng)


def _add_outages(world: World, zone: Entity, rng: random.Random) -> None:
    moment = world.base - timedelta(days=100) + timedelta(hours=rng.expovariate(1 / 900))
    while moment < world.base + timedelta(days=365):
        zone.change(moment, status="offline", last_seen_online=moment, last_api_sync=moment)
        moment += timedelta(hours=rng.expovariate(1 / 30))
        zone.change(moment, status="online", last_seen_online=moment, last_api_sync=moment)
        moment += timedelta(hours=rng.expovariate(1 / 1500))


def _add_small_things(world: World, company: Entity, number: int) -> None:
    rng = world.rng("small", number)
    moment = world.base - timedelta(days=rng.randrange(1, 200), seconds=rng.randrange(80000))
    if rng.random() < 0.5:
        world.new(
            "opportunities",
            str(number),
            moment,
            company=company.id,
            name=f"{company.values['name']} - Beat Breeze",
            stage=rng.choice(("Contacted", "Quotation Sent", "Won", "Lost")),
            expected_value=rng.randrange(500, 20000),
            is_active=rng.random() > 0.4,
        )
    if rng.random() < 0.4:
        ticket = world.new(
            "tickets",
            str(number),
            moment,
            company=company.id,
            ticket_number=f"T-{moment:%Y%m%d}-{number:04}",
            subject="Music stopped",
            priority=rng.choice(("low", "medium", "high", "urgent")),
            status="new",
        )
        ticket.change(moment + timedelta(hours=rng.randrange(2, 300)), status="closed")
    for place in range(rng.randrange(0, 3)):
        world.new(
            "notes",
            f"{number}.{place}",
            moment + timedelta(days=place),
            company=company.id,
            text="Client asked about holiday playlists.",
            tags="vip" if place else "",
        )
