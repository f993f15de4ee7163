"""What the stand-in CRM's people do with customers: quotes, activities, tasks, comments, mails and mailings."""

from datetime import datetime, timedelta
from itertools import takewhile

from sandbox.crm_history import Entity, World

SALES, TECH = "23b8c1e9-3924-46de-beb1-3b9046685257", "17fc695a-07a0-4a6e-8822-e8f36c031199"
_MAILS = {"contract": "contract_send", "invoice": "invoice_send", "quote": "quote_send", None: "sequence"}
_CAMPAIGNS = ("newsletter", "onboarding", "engagement", "promotion", "seasonal")


def add_dealings(world: World, company: Entity, number: int, is_thai: bool) -> None:  # noqa: FBT001 -- where it is billed
    """Add a company's quotes, tasks, activities, comments and mails; its contacts, deals and tickets stand already."""
    contact = _last(world, "contacts", company)
    opportunity, ticket = _last(world, "opportunities", company), _last(world, "tickets", company)
    _add_quote(world, company, contact, opportunity, number, is_thai=is_thai)
    _add_task(world, company, contact, opportunity, number)
    if opportunity is not None:
        _add_activities(world, contact, opportunity, number)
    if ticket is not None:
        _add_comments(world, ticket, number)
    _add_mails(world, company, contact, number)


def add_mailings(world: World, companies: int) -> None:
    """Add the CRM's own campaigns and segments: a few, however many companies there are."""
    for place in range(max(3, companies // 200)):
        rng = world.rng("campaign", place)
        kind, moment = _CAMPAIGNS[place % len(_CAMPAIGNS)], world.base - timedelta(days=rng.randrange(1, 200))
        count = rng.randrange(2, 40)
        campaign = world.new(
            "campaigns",
            str(place),
            moment,
            name=f"Synthetic campaign {place} ({kind})",
            campaign_type=kind,
            subject=f"Subject {place}",
            audience_count=count,
            status="draft",
            total_sent=0,
            actual_send_date=None,
        )
        sent = moment + timedelta(days=1)
        campaign.change(sent, status="sent", total_sent=count, actual_send_date=sent)
    for place, (name, field) in enumerate((("Decision makers", "contact_type"), ("Thai", "preferred_language"))):
        world.new("segments", str(place), world.base - timedelta(days=90 + place), name=name, field=field)


def _last(world: World, kind: str, company: Entity) -> Entity | None:
    entities = world.entities[kind]
    found = entities[-1] if entities else None
    return found if found is not None and found.values["company"] == company.id else None


def _newest(world: World, kind: str, company: Entity, moment: datetime) -> Entity | None:
    own = takewhile(lambda each: each.values["company"] == company.id, reversed(world.entities[kind]))
    return next((each for each in own if each.created <= moment), None)


def _add_quote(
    world: World, company: Entity, contact: Entity | None, opportunity: Entity | None, number: int, *, is_thai: bool
) -> None:
    rng = world.rng("quote", number)
    if rng.random() > 0.4:
        return
    moment = world.base - timedelta(days=rng.randrange(1, 300), seconds=rng.randrange(80000))
    quote = world.new(
        "quotes",
        str(number),
        moment,
        company=company.id,
        contact=contact.id if contact else None,
        opportunity=opportunity.id if opportunity else None,
        quote_number=f"{'TH' if is_thai else 'HK'}-QT{moment.year % 100}{number:05}",
        quote_type=rng.choice(("new", "renewal", "addon")),
        status="Draft",
        valid_from=moment.date(),
        valid_until=(moment + timedelta(days=30)).date(),
        subtotal=rng.randrange(300, 9000) * (35 if is_thai else 1),
        currency="THB" if is_thai else "USD",
        sent_date=None,
        accepted_date=None,
    )
    sent = moment + timedelta(days=2)
    quote.change(sent, status="Sent", sent_date=sent.date())
    if rng.random() < 0.4:
        accepted = sent + timedelta(days=rng.randrange(1, 20))
        quote.change(accepted, status="Accepted", accepted_date=accepted.date())


def _add_task(world: World, company: Entity, contact: Entity | None, opportunity: Entity | None, number: int) -> None:
    rng = world.rng("task", number)
    if rng.random() > 0.7:
        return
    moment = world.base - timedelta(days=rng.randrange(1, 90), seconds=rng.randrange(80000))
    task = world.new(
        "tasks",
        str(number),
        moment,
        company=company.id,
        title=f"Follow up with {company.values['name']}",
        priority=rng.choice(("Low", "Medium", "High", "Urgent")),
        status="To Do",
        task_type=rng.choice(("Call", "Email", "Follow-up", "Meeting")),
        due_date=moment + timedelta(days=7),
        completed_at=None,
        related_opportunity=opportunity.id if opportunity else None,
        related_contact=contact.id if contact else None,
    )
    if rng.random() < 0.6:
        done = moment + timedelta(days=rng.randrange(1, 10))
        task.change(done, status="Done", completed_at=done)


def _add_activities(world: World, contact: Entity | None, opportunity: Entity, number: int) -> None:
    rng = world.rng("activities", number)
    for place in range(rng.randrange(0, 4)):
        world.new(
            "opportunity-activities",
            f"{number}.{place}",
            opportunity.created + timedelta(days=1 + place, seconds=rng.randrange(80000)),
            opportunity=opportunity.id,
            contact=contact.id if contact else None,
            activity_type=rng.choice(("Call", "Email", "Meeting", "Demo", "Follow-up")),
            duration_minutes=rng.choice((15, 30, 60, None)),
        )


def _add_comments(world: World, ticket: Entity, number: int) -> None:
    rng = world.rng("comments", number)
    for place in range(rng.randrange(0, 3)):
        moment = ticket.created + timedelta(hours=1 + place)
        world.new("ticket-comments", f"{number}.{place}", moment, ticket=ticket.id, is_internal=rng.random() < 0.3)


def _add_mails(world: World, company: Entity, contact: Entity | None, number: int) -> None:
    rng = world.rng("mails", number)
    for place in range(rng.randrange(0, 5)):
        moment = world.base - timedelta(days=rng.randrange(1, 200), seconds=rng.randrange(80000))
        about = rng.choice(tuple(_MAILS))
        paper = _newest(world, f"{about}s", company, moment) if about else None
        mail = world.new(
            "email-logs",
            f"{number}.{place}",
            moment,
            company=company.id,
            contact=contact.id if contact else None,
            to_email=contact.values["email"] if contact else company.values["email"],
            subject=f"Synthetic {about or 'sequence'} message",
            email_type=_MAILS[about],
            status="sent",
            sent_at=moment + timedelta(seconds=2),
            opened_at=None,
            **{name: paper.id if paper and name == about else None for name in ("contract", "invoice", "quote")},
        )
        if rng.random() < 0.4:
            opened = moment + timedelta(hours=rng.randrange(1, 80))
            mail.change(opened, silent=True, status="opened", opened_at=opened)
