"""Rows through time: what a stand-in CRM knew at any moment, from one seed."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KINDS = (
    *("companies", "contacts", "contracts", "zones", "invoices", "opportunities", "opportunity-activities", "quotes"),
    *("tickets", "ticket-comments", "tasks", "notes", "email-logs", "campaigns", "segments"),
)


@dataclass
class World:
    """All entities; each has ``changes``: (moment, values) pairs that hold from then on."""

    seed: int
    base: datetime
    entities: dict[str, list["Entity"]] = field(default_factory=lambda: {name: [] for name in KINDS})

    def rng(self, *key: object) -> random.Random:
        """Return a generator that depends on the seed and the key only."""
        return random.Random(":".join(map(str, (self.seed, *key))))

    def new(self, kind: str, key: str, created: datetime, **values: Any) -> "Entity":
        """Add an entity whose id derives from the seed and its key."""
        entity = Entity(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.seed}:{kind}:{key}")), created, values)
        self.entities[kind].append(entity)
        return entity


@dataclass
class Entity:
    """One CRM row through time."""

    id: str
    created: datetime
    values: dict[str, Any]
    changes: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    deleted: datetime | None = None

    def change(self, moment: datetime, *, silent: bool = False, **values: Any) -> None:
        """Let values hold from a moment on; ``silent`` changes do not move ``updated_at``."""
        self.changes.append((moment, values | ({"_silent": True} if silent else {})))
        self.changes.sort(key=lambda pair: pair[0])

    def at(self, now: datetime) -> dict[str, Any] | None:
        """Return the row's own values as of ``now`` with created_at and updated_at; None when it is not there."""
        if self.created > now or (self.deleted and self.deleted <= now):
            return None
        row = {"id": self.id, **self.values, "created_at": self.created, "updated_at": self.created}
        for moment, values in self.changes:
            if moment > now:
                break
            row.update({name: value for name, value in values.items() if name != "_silent"})
            if "_silent" not in values:
                row["updated_at"] = moment
        return row
