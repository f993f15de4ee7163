"""Before sending, the numbers: overlap, cost, quota, time, expected engagement, and what the experiment can show."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import phonenumbers

from campaigns import definitions, segments
from campaigns.chances import detectable_effect, wilson
from campaigns.experiments import FEWEST
from campaigns.preview import Look
from core.store import campaign_states, outbox
from core.store.engine import reading
from core.vocabulary import CampaignStatus, Channel, Conversion, Purpose
from pipelines.providers.prices import Price, PriceList
from senders.limits import read_limits

_AHEAD = timedelta(days=7)
_ENOUGH = 30  # messages of this campaign before its own past is worth more than its purpose's
_MARKETING = frozenset({Purpose.MARKETING, Purpose.SEASONAL, Purpose.QUARTERLY})
_MEASURES = {
    "delivered": "delivered_at",
    "opened": "first_human_opened_at",
    "clicked": "first_human_clicked_at",
    "replied": "replied_at",
    "unsubscribed": "unsubscribed_at",
}


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Contacts of this send for whom another campaign's message waits (``at`` is null), or comes within seven days."""

    campaign_id: str
    name: str
    at: datetime | None
    contacts: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Messages of one channel that have one price: WhatsApp's of one category to one country (ISO code).

    ``free``: utility templates to people whose window is open. Where no price is known the amount is null, and ``note``
    says so.
    """

    channel: str
    category: str
    country: str
    messages: int
    free: int
    amount: float | None
    currency: str | None
    note: str


@dataclass(frozen=True, kw_only=True)
class Quota:
    """LINE messages this send needs, and what is left of the month's; null: no limit is known."""

    needed: int
    left: int | None
    waiting: int
    is_enough: bool


@dataclass(frozen=True, kw_only=True)
class Duration:
    """How long one channel takes at its allowed rate; ``days`` where only so many people a day may be reached."""

    channel: str
    messages: int
    seconds: float
    days: int


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A share of messages with Wilson's 95 % interval, from the past of the campaign, or else of its purpose."""

    channel: str
    measure: str
    rate: float | None
    low: float
    high: float
    of: int
    basis: str


@dataclass(frozen=True, kw_only=True)
class Detectable:
    """The smallest difference in conversion between two arms, in companies, that 80 % of such sends would show."""

    first: str
    second: str
    companies_first: int
    companies_second: int
    baseline: float
    baseline_of: str
    effect: float | None


def overlap(look: Look) -> list[Overlap]:
    """Count whom others mean to write to within seven days: planned messages, and members at their next time."""
    connection = look.connection
    connection.execute(
        "create or replace temp table sending as select distinct contact_id from verdicts where outcome = 'send'"
    )
    mine = {contact_id for (contact_id,) in connection.execute("from sending").fetchall()}
    with reading(look.engine) as store:
        waiting = Counter(
            campaign_id
            for campaign_id, contact_id in outbox.planned_contacts(store, look.playbook.campaign_id)
            if contact_id in mine
        )
        standing = {each.campaign_id: each for each in campaign_states.list_all(store)}
    found = [Overlap(campaign_id=key, name=key, at=None, contacts=count) for key, count in waiting.items()]
    library = segments.open_library(look.engine)
    for book in definitions.all_campaigns(look.engine):
        known = standing.get(book.campaign_id)
        runs = definitions.is_shipped(book.campaign_id) if known is None else known.status in _RUNS
        slot = book.next_slot(look.now)
        if book.campaign_id == look.playbook.campaign_id or not runs or slot is None or slot > look.now + _AHEAD:
            continue
        segments.find_members(connection, library.get(book.segment), slot, library)
        (contacts,) = connection.execute(
            "select count(distinct contact_id) from members semi join sending using (contact_id)"
        ).fetchone()
        if contacts:
            found.append(Overlap(campaign_id=book.campaign_id, name=book.name, at=slot, contacts=contacts))
    connection.execute("set variable now = ?::timestamptz", [look.now])
    return sorted(found, key=lambda each: -each.contacts)


_RUNS = (CampaignStatus.APPROVED, CampaignStatus.SCHEDULED, CampaignStatus.SENDING)


def cost(look: Look, prices_file: Path) -> list[Cost]:
    """Count the messages by what they are billed as, and price them by today's ``prices_file``.

    Providers' rates change, none are built in: what has no price there says so. Raises PermanentError for a price list
    that cannot be read.
    """
    category = "marketing" if look.playbook.purpose in _MARKETING else "utility"
    query = "select contact_id from marts.conversations where channel = 'whatsapp' and window_open_until > ?"
    window_open = {contact_id for (contact_id,) in look.connection.execute(query, [look.now]).fetchall()}
    counted: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for verdict, key, _ in look.to_send:
        if key[1] == Channel.WHATSAPP:
            is_free = category == "utility" and verdict["contact_id"] in window_open
            counted[key[1], category, _country(verdict["address"])].append(is_free)
        else:
            counted[key[1], "", ""].append(False)
    prices = PriceList(prices_file, look.now)
    return [
        _priced(place, messages=len(each), free=sum(each), price=prices.of(*place))
        for place, each in sorted(counted.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]


def _priced(place: tuple[str, str, str], *, messages: int, free: int, price: Price | None) -> Cost:
    channel, category, country = place
    what = " ".join(word for word in (channel, country, category) if word)
    return Cost(
        channel=channel,
        category=category,
        country=country,
        messages=messages,
        free=free,
        amount=round((messages - free) * float(price.amount), 4) if price else None,
        currency=price.currency if price else None,
        note="" if price else f"no price for {what}: add it to prices.toml",
    )


def quota(look: Look) -> Quota:
    """Compare the LINE messages of this send with the month's quota, less what is used and what waits."""
    needed = sum(key[1] == Channel.LINE for _, key, _ in look.to_send)
    with reading(look.engine) as store:
        waiting = outbox.planned_count(store, Channel.LINE)
    row = look.connection.execute(
        "select quota - greatest(used, our_count) from marts.quotas where channel = 'line' "
        "and quota_month = date_trunc('month', ?::timestamptz at time zone 'Asia/Tokyo')::date",
        [look.now],
    ).fetchone()
    left = None if row is None or row[0] is None else max(0, int(row[0]) - waiting)
    return Quota(needed=needed, left=left, waiting=waiting, is_enough=left is None or needed <= left)


def duration(look: Look, limits_file: Path | None = None) -> list[Duration]:
    """Say how long each channel takes, alone and unhindered, by the limits of our accounts."""
    counted = Counter(key[1] for _, key, _ in look.to_send)
    found = []
    for channel, messages in sorted(counted.items()):
        limits = read_limits(channel, limits_file)
        days = ceil(messages / limits.recipients_per_day) if limits.recipients_per_day else 1
        seconds = round(messages / limits.per_second, 1)
        found.append(Duration(channel=channel, messages=messages, seconds=seconds, days=days))
    return found


def expected(look: Look) -> list[Expected]:
    """Say what came of earlier messages on the channels of this send: of the campaign, else of its purpose."""
    playbook, found = look.playbook, []
    for channel in sorted({key[1] for _, key, _ in look.to_send}):
        counts = _past(look, channel, "campaign_id", playbook.campaign_id)
        basis = f"campaign {playbook.campaign_id}"
        if counts["of"] < _ENOUGH:
            counts, basis = _past(look, channel, "purpose", str(playbook.purpose)), f"purpose {playbook.purpose}"
        for measure in _MEASURES:
            low, high = wilson(counts[measure], counts["of"])
            rate = counts[measure] / counts["of"] if counts["of"] else None
            found.append(
                Expected(channel=channel, measure=measure, rate=rate, low=low, high=high, of=counts["of"], basis=basis)
            )
    return found


def detectable(look: Look) -> list[Detectable]:
    """Say what the holdout, and each pair of variants, can show with so many companies, from the conversion so far.

    Without a conversion nothing can be shown: no row.
    """
    if look.playbook.conversion is Conversion.NONE:
        return []
    rows = look.connection.execute(
        "select case when outcome = 'holdout' then 'holdout' else variant end, count(distinct company_id) "
        "from verdicts where outcome in ('send', 'holdout') group by 1"
    ).fetchall()
    arms = dict(rows)
    baseline, of = baseline_of(look.connection, look.playbook.campaign_id)
    treated = sum(count for arm, count in arms.items() if arm != "holdout")
    pairs = [("treated", treated, "holdout", arms.get("holdout", 0))]
    variants = list(look.playbook.arms)
    pairs += [(variants[0], arms.get(variants[0], 0), each, arms.get(each, 0)) for each in variants[1:]]
    return [
        Detectable(
            first=first,
            second=second,
            companies_first=one,
            companies_second=other,
            baseline=baseline,
            baseline_of=of,
            effect=detectable_effect(one, other, baseline),
        )
        for first, one, second, other in pairs
    ]


def baseline_of(connection: Any, campaign_id: str) -> tuple[float, str]:
    """Return the share that converted so far, held out or else written to, and whose it is.

    Of fewer than 30 companies nothing is concluded. One success and one failure are added: a share of 0 would promise
    that any difference shows.
    """
    found = connection.execute(
        "select held_out, converted_holdout, treated, converted from marts.campaign_lift where campaign_id = ?",
        [campaign_id],
    ).fetchone() or (0, 0, 0, 0)
    for companies, converted in (found[:2], found[2:]):
        if companies >= FEWEST and converted is not None:
            return (converted + 1) / (companies + 2), f"campaign {campaign_id}, {companies} companies"
    return 0.5, "too little is known yet: the worst case"


def _past(look: Look, channel: str, column: str, value: str) -> dict[str, int]:
    counts = ", ".join(f"count({source}) as {measure}" for measure, source in _MEASURES.items())
    query = f"select count(*) as of, {counts} from marts.messages where accepted_at is not null and channel = ? and {column} = ?"  # noqa: S608, E501 -- names of ours
    row = look.connection.execute(query, [channel, value]).fetchone()
    return dict(zip(("of", *_MEASURES), map(int, row), strict=True))


def _country(address: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(address)) or "unknown"
    except phonenumbers.NumberParseException:
        return "unknown"
