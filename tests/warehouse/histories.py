"""Random histories of the store as the journal loads them: late, repeated, out of order, restated, deleted, moved."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

_CHANNELS = ("email", "whatsapp", "line")
_STATUSES = ("planned", "in_doubt", "accepted", "held", "sent", "delivered", "read", "failed", "expired")
_EVENTS = (
    "opened",
    "opened",
    "clicked",
    "clicked",
    "clicked",
    "read",
    "replied",
    "delivered",
    "unsubscribed",
    "bounced",
)
_AGENTS = ("Mozilla/5.0", "Mozilla/5.0 (iPhone)", "Barracuda scanner", "", None)


class History:
    """Messages and events that appear, change and repeat; ``load`` brings some into ``raw``, as one numbered load."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, seed: int, now: datetime, last_load: int = 0) -> None:
        self.random = Random(seed)
        self.now = now
        self.last_load = last_load
        self._connection = connection
        self._is_numbered = self.random.random() < 0.8  # a warehouse of before has loads without numbers
        self._names = count()
        self._messages: dict[str, dict[str, Any]] = {}
        self._events: dict[str, dict[str, Any]] = {}

    def load(self) -> None:
        """Let some time pass, and load what was recorded since, and what was committed late."""
        self.now += self.random.choice(
            (timedelta(minutes=1), timedelta(hours=5), timedelta(days=9), timedelta(days=40))
        )
        self.last_load += 1
        messages = [self._new_message() for _ in range(self.random.randint(0, 4))]
        messages += [self._changed(message) for message in self._some(self._messages)]
        events = [self._new_event() for _ in range(self.random.randint(0, 9)) if self._messages]
        events += [self._restated(event) for event in self._some(self._events)]
        self._merge("journal__messages", "message_id", messages)
        self._merge("journal__events", "event_id", events)
        self._is_numbered = True
        if self.random.random() < 0.1:
            self._lose("journal__messages", "message_id", self._messages)
        if self.random.random() < 0.1:
            self._lose("journal__events", "event_id", self._events)

    def _some(self, known: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
        return self.random.sample(list(known.values()), min(len(known), self.random.randint(0, 2)))

    def _ago(self, days: float) -> datetime:
        # Whole seconds, so that bursts and the 5 s after hand-over are met often.
        return self.now - timedelta(seconds=self.random.randint(0, int(days * 86_400)))

    def _new_message(self) -> dict[str, Any]:
        key = f"m{next(self._names)}"
        run = self.random.randint(1, 4)
        planned_at = self._ago(self.random.choice((0.1, 3, 60)))
        message = {
            "message_id": key,
            "campaign_id": f"campaign {run % 2}",
            "run_id": f"run {run}",
            "step": "first",
            "variant": "a",
            "contact_id": f"p{self.random.randint(1, 4)}",
            "company_id": "c1",
            "channel": self.random.choice(_CHANNELS),
            "purpose": "renewal",
            "template_id": f"template {run}",
            "status": "planned",
            "planned_at": planned_at,
            "claimed_at": planned_at,
        }
        self._messages[key] = message
        return self._changed(message)

    def _changed(self, message: dict[str, Any]) -> dict[str, Any]:
        status = self.random.choice(_STATUSES)
        message |= {"status": status, "updated_at": self._ago(2)}
        later = message["planned_at"] + timedelta(seconds=self.random.randint(0, 100_000))
        if status in {"accepted", "sent", "delivered", "read"}:
            message |= {"accepted_at": later, "address": self.random.choice(("+66812345678", "+6581234567", "U1"))}
            if self.random.random() < 0.2:
                message |= {"cost_amount": self.random.randint(1, 90) / 100, "cost_currency": "THB"}
        if status in {"sent", "delivered"}:
            message |= {"sent_at": later, "delivered_at": later + timedelta(minutes=2)}
        if status == "failed":
            message |= {"failed_at": later, "error_class": "bad_address"}
        return message

    def _new_event(self) -> dict[str, Any]:
        key = f"e{next(self._names)}"
        message = self.random.choice(list(self._messages.values()))
        moments = [message.get("accepted_at") or message["planned_at"], self._ago(1), self._ago(30)]
        event = {
            "event_id": key,
            "message_id": message["message_id"] if self.random.random() < 0.9 else None,
            "contact_id": message["contact_id"],
            "channel": message["channel"],
            "event_type": self.random.choice(_EVENTS),
            "provider_event_type": "their word",
            "link_id": self.random.choice(("l1", "l2", "l3", "l4", "honeypot", None)),
            # Before its message was planned, too: providers' clocks are their own.
            "occurred_at": self.random.choice(moments) + timedelta(seconds=self.random.randint(-9, 20)),
            "received_at": self.now,
            "recorded_at": self._ago(0.1),
        }
        self._events[key] = event
        return self._restated(event)

    def _restated(self, event: dict[str, Any]) -> dict[str, Any]:
        agent = self.random.choice(_AGENTS)
        if self.random.random() < 0.05:  # never, by the store: a look that finds it has to compute all
            event["message_id"] = self.random.choice(list(self._messages))
        said = {} if agent is None else {"user_agent": agent, "method": "GET"}
        if self.random.random() < 0.3:
            category, is_billed = self.random.choice(("utility", "marketing")), self.random.random() < 0.8
            said["pricing"] = {"category": category, "billable": is_billed}
        event["detail"] = json.dumps(said)
        return event

    def _merge(self, table: str, key: str, rows: list[dict[str, Any]]) -> None:
        number = self.last_load if self._is_numbered else None
        given = [row | {"_load_number": number} for row in {row[key]: row for row in rows}.values()]
        if given:
            names = {name: None for row in given for name in row}
            self._connection.register("loaded", pa.Table.from_pylist([dict(names) | row for row in given]))
            self._connection.execute(f"delete from raw.{table} where {key} in (select {key} from loaded)")
            self._connection.execute(f"insert into raw.{table} by name from loaded")

    def _lose(self, table: str, key: str, known: dict[str, dict[str, Any]]) -> None:
        """Delete a row that was loaded before; what the next load brings may make up the number."""
        if known:
            lost = self.random.choice(list(known))
            self._connection.execute(f"delete from raw.{table} where {key} = ?", [lost])
            known.pop(lost)
