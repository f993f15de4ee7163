"""Limits as data: what a provider allows in a second, to one person, to one domain, in a day and in a month."""

import time
import tomllib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from core.errors import PermanentError

_DAY = timedelta(hours=24)
_WORTH_WAITING = 2.0  # seconds a message may wait for its domain without going back to the ledger


@dataclass(frozen=True, kw_only=True)
class Limits:
    """One provider account's limits; None means: no such limit."""

    per_second: float
    burst_seconds: float = 0.2
    in_flight: int = 40
    alike_per_second: float | None = None
    spacing_seconds: float | None = None
    recipients_per_day: int | None = None
    messages_per_month: int | None = None
    domain_per_second: float | None = None
    domain_first_day: int | None = None
    domain_growth: float = 2.0


def read_limits(channel: str, own_file: Path | None = None) -> Limits:
    """Return a channel's limits from its folder, or what a table ``[channel]`` of ``own_file`` says instead.

    Raises PermanentError when the file names a limit there is not.
    """
    usual = tomllib.loads((Path(__file__).parent / channel / "limits.toml").read_text())
    own = tomllib.loads(own_file.read_text()).get(channel, {}) if own_file and own_file.exists() else {}
    if unknown := own.keys() - {each.name for each in fields(Limits)}:
        known = ", ".join(each.name for each in fields(Limits))
        raise PermanentError(f"{own_file}: [{channel}] has no limit {', '.join(sorted(unknown))}; there are {known}")
    return Limits(**(usual | own))


class TokenBucket:
    """Lets ``rate`` messages a second pass, with a burst of at most ``burst_seconds``."""

    def __init__(
        self, rate: float, burst_seconds: float = 0.2, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._step, self._burst, self._monotonic = 1 / rate, burst_seconds, monotonic
        self._next_at = monotonic()

    def wait_seconds(self) -> float:
        """Take the next place and return how long to wait for it."""
        now = self._monotonic()
        self._next_at = max(self._next_at, now - self._burst) + self._step
        return max(0.0, self._next_at - self._step - now)

    def take(self) -> bool:
        """Take the next place if it is free now."""
        now = self._monotonic()
        if self._next_at > now:
            return False
        self._next_at = max(self._next_at, now - self._burst) + self._step
        return True

    @property
    def is_free(self) -> bool:
        """Whether a place is free now."""
        return self._next_at <= self._monotonic()

    def ahead(self) -> float:
        """Return the seconds until a place would be free, without taking it."""
        return max(0.0, self._next_at - self._monotonic())

    def not_before(self, seconds: float) -> None:
        """Let nothing pass for so many seconds: what another process used up before us."""
        self._next_at = max(self._next_at, self._monotonic() + seconds)


class Delay(NamedTuple):
    """A message must wait: until when, and why, in words."""

    until: datetime
    reason: str


@dataclass
class Meter:
    """Counts what went to whom, so that limits by person, domain, day and month bind over restarts.

    ``sent_today`` are address and time (UTC) of what was accepted in the last 24 hours; ``sent_this_month`` counts.
    """

    limits: Limits
    sent_today: list[tuple[str, datetime]]
    sent_this_month: int
    domains: dict[str, datetime]
    _last: dict[str, datetime] = field(default_factory=dict, init=False)
    _by_domain: dict[str, deque[datetime]] = field(default_factory=dict, init=False)
    _buckets: dict[str, TokenBucket] = field(default_factory=dict, init=False)
    new_domains: dict[str, datetime] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Take the history in."""
        for address, at in sorted(self.sent_today, key=lambda pair: pair[1]):
            self._note(address, at)
        self.sent_today = []

    @cached_property
    def is_idle(self) -> bool:
        """Whether there is nothing to count: no limit but the rate."""
        limits = self.limits
        asks_whom = limits.spacing_seconds or limits.recipients_per_day or limits.domain_per_second
        return not asks_whom and limits.messages_per_month is None

    def take(self, address: str, now: datetime) -> Delay | None:
        """Note that a message goes out to an address now, or say how long it must wait."""
        if (delay := self.delay(address, now)) is None:
            self.took(address, now)
        return delay

    def delay(self, address: str, now: datetime) -> Delay | None:
        """Say how long a message to an address must wait, or None."""
        limits = self.limits
        if limits.messages_per_month is not None and self.sent_this_month >= limits.messages_per_month:
            return Delay(now + timedelta(hours=1), f"the month's {limits.messages_per_month} messages are used up")
        if limits.spacing_seconds is not None and (last := self._last.get(address)):
            until = last + timedelta(seconds=limits.spacing_seconds)
            if until > now >= last:
                return Delay(until, f"the person got a message less than {limits.spacing_seconds:.0f} seconds ago")
        if limits.recipients_per_day is not None and address not in self._last:
            self._forget_before(now - _DAY)
            if len(self._last) >= limits.recipients_per_day:
                oldest = next(iter(self._last.values()))
                return Delay(oldest + _DAY, f"{limits.recipients_per_day} people were written to in 24 hours")
        return self._domain_delay(address, now) if limits.domain_per_second else None

    def domain_wait(self, address: str) -> float:
        """Take the next place at the address's domain and return how long to wait for it."""
        if self.limits.domain_per_second is None:
            return 0.0
        return self._bucket(_domain(address)).wait_seconds()

    def took(self, address: str, now: datetime) -> None:
        """Note that a message went out (or may have)."""
        self.sent_this_month += 1
        self._note(address, now)

    def _domain_delay(self, address: str, now: datetime) -> Delay | None:
        domain = _domain(address)
        if (ahead := self._bucket(domain).ahead()) > _WORTH_WAITING:
            return Delay(now + timedelta(seconds=ahead), f"{domain} takes {self.limits.domain_per_second:g} a second")
        if self.limits.domain_first_day is None:
            return None
        sent = self._by_domain.setdefault(domain, deque())
        while sent and sent[0] < now - _DAY:
            sent.popleft()
        first = self.domains.get(domain) or self.new_domains.get(domain) or now
        allowed = self.limits.domain_first_day * self.limits.domain_growth ** max(0, (now - first).days)
        if len(sent) < allowed:
            return None
        return Delay(sent[0] + _DAY, f"{domain} gets {allowed:.0f} messages a day until it knows us")

    def _note(self, address: str, at: datetime) -> None:
        if self.limits.spacing_seconds is not None or self.limits.recipients_per_day is not None:
            self._last.pop(address, None)  # the dictionary stays ordered by time
            self._last[address] = at
        if self.limits.domain_per_second is not None:
            domain = _domain(address)
            self._by_domain.setdefault(domain, deque()).append(at)
            if domain not in self.domains:
                self.new_domains.setdefault(domain, at)

    def _forget_before(self, moment: datetime) -> None:
        while self._last:
            address, at = next(iter(self._last.items()))
            if at >= moment:
                return
            del self._last[address]

    def _bucket(self, domain: str) -> TokenBucket:
        if domain not in self._buckets:
            rate = self.limits.domain_per_second or self.limits.per_second
            self._buckets[domain] = TokenBucket(rate, self.limits.burst_seconds)
        return self._buckets[domain]


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
