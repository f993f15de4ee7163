"""What the proof of many machines has to show: one limit, nothing doubled, nothing lost, no stale lease."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bench.working import query
from core.store.tables import messages
from senders.limits import Limits

if TYPE_CHECKING:
    from bench.hosts import Site
    from bench.namespaces import Host

_ON_THE_WIRE = 0.05  # seconds between a request's beginning and its arrival, at most: so much may bunch up


@dataclass
class Cut:
    """A link that went down: when, whose lane it was, and what it had claimed and not recorded."""

    at: float
    owner: str
    claimed: set[str]
    doubted: set[str] = field(default_factory=set)


def verdict(site: Site, one: Host, two: Host, cut: Cut, limits: Limits) -> dict[str, Any]:
    """Return counts of everything that must be zero, and of what was allowed and what was seen."""
    taken = site.taken()
    rows = query(site.store, sa.select(messages.c.message_id, messages.c.status, messages.c.address))
    by_status: defaultdict[str, set[str]] = defaultdict(set)
    for message_id, status, _ in rows:
        by_status[status].add(message_id)
    accepted = set().union(*(by_status[status] for status in ("accepted", "sent", "delivered", "read")))
    arrivals = sorted(each["at"] for each in taken.values())
    return {
        "messages": len(rows),
        "by_host": {host.address: sum(each["peer"] == host.address for each in taken.values()) for host in (one, two)},
        "duplicates": sum(each["count"] - 1 for each in taken.values()),
        "lost": len(taken.keys() - accepted - by_status["in_doubt"]) + len(accepted - taken.keys()),
        "claimed_by_the_cut_host": len(cut.claimed),
        "in_doubt_while_cut": sorted(cut.doubted),
        "in_doubt_not_claimed_by_the_cut_host": len((cut.doubted | by_status["in_doubt"]) - cut.claimed),
        "in_doubt": sorted(by_status["in_doubt"]),
        "in_doubt_but_knowable": len(by_status["in_doubt"] & taken.keys()),
        "begun_on_a_stale_lease": sum(at > cut.at + _ON_THE_WIRE for at in site.begun(two)),
        "lane_changed_hands": _changes(site.begun(one), site.begun(two)),
        "most_in_a_second": max(sum(at <= each < at + 1 for each in arrivals) for at in arrivals),
        "allowed_in_a_second": round(limits.per_second * (1 + limits.burst_seconds + _ON_THE_WIRE)) + 1,
        "least_spacing": round(_least_spacing(taken), 3),
        "allowed_spacing": limits.spacing_seconds,
        "people": len({each["address"] for each in taken.values()}),
        "allowed_people": limits.recipients_per_day,
        "held_back_by_the_day": len(by_status["planned"]),
        "by_status": {status: len(found) for status, found in sorted(by_status.items())},
    }


def _least_spacing(taken: dict[str, dict[str, Any]]) -> float:
    by_person: defaultdict[str, list[float]] = defaultdict(list)
    for each in taken.values():
        by_person[each["address"]].append(each["at"])
    return min(later - earlier for times in by_person.values() for earlier, later in pairwise(sorted(times)))


def _changes(one: list[float], two: list[float]) -> int:
    """Count how often the next request came from the other host: two lanes' worth of senders would take turns."""
    begun = sorted([(at, 1) for at in one] + [(at, 2) for at in two])
    return sum(earlier[1] != later[1] for earlier, later in pairwise(begun))
