"""What the misbehaving provider remembers: what it took, from whom, and how clear its answer was."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

UNDER_WAY, ANSWERED = "under way", "answered"


@dataclass
class Book:
    """One for all channels; keys are the ids by which messages are recognised, times are Unix seconds."""

    behaves: bool = False
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)  # keys that got an answer which does not say whether it was taken
    refused: int = 0  # webhooks answered by a server error, to be told again
    answered: list[str] = field(default_factory=list)  # digests of webhooks that got their 200
    stopped: dict[str, float] = field(default_factory=dict)  # address → when its STOP was answered
    by_peer: Counter[str] = field(default_factory=Counter)  # how many messages came from which address
    _seen: dict[str, tuple[float, str]] = field(default_factory=dict)

    def begin(self, key: str) -> None:
        """Note that a message has arrived."""
        self._seen[key] = (time.time(), UNDER_WAY)

    def end(self, key: str, *, is_clear: bool) -> None:
        """Note that its answer is about to leave."""
        self._seen[key] = (time.time(), ANSWERED)
        if not is_clear:
            self.unclear.add(key)

    def take(self, key: str, channel: str, address: str, peer: str, *, is_repeat_known: bool = False) -> bool:
        """Take a message; False when it was taken before. A repeat that is recognised does not count."""
        self.by_peer[peer] += 1
        known = self.taken.get(key)
        if known is None:
            self.taken[key] = {"count": 1, "at": time.time(), "channel": channel, "address": address, "peer": peer}
            return True
        if not is_repeat_known:
            known["count"] += 1
        return False

    def seen_since(self, moment: float) -> dict[str, str]:
        """Return the keys that arrived or were answered since, and which of the two."""
        return {key: state for key, (at, state) in self._seen.items() if at > moment}

    def as_json(self) -> dict[str, Any]:
        """Return everything a verdict needs."""
        return {
            "taken": self.taken,
            "unclear": sorted(self.unclear),
            "answered": self.answered,
            "stopped": self.stopped,
            "refused": self.refused,
        }
