"""Campaigns with a trigger: of the segment's members those whom something made due, each at the newest step reached.

After downtime a step is caught up for ``catch_up_days``, and of several only the newest: nobody gets two at once.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from campaigns.playbooks import Playbook

_FOLDER = Path(__file__).parent / "triggers"
_STEPS = (_FOLDER / "steps.sql").read_text()
_PARAMETER = re.compile(r"\$(\w+)")
_MART = re.compile(r"\bmarts\.[a-z_]+")


def narrow(connection: Any, playbook: Playbook, *, since: datetime, now: datetime) -> None:
    """Leave in the temporary table ``members`` who is due ``now``, with their step; without a trigger everybody stays.

    ``since`` is the campaign's first run: who was in the segment already, or did something before it, is not due.
    """
    trigger = playbook.trigger
    if trigger is None:
        return
    given = {
        "now": now,
        "since": since,
        "zone": playbook.time_zone,
        "segment_id": playbook.segment,
        "event_type": trigger.event_type and str(trigger.event_type),
        "field": trigger.field,
        "step_names": list(playbook.steps),
        "step_days": list(playbook.steps.values()),
        "catch_up_days": trigger.catch_up_days,
    }
    for query in (_anchors(trigger.on), _STEPS):
        connection.execute(query, {name: given[name] for name in set(_PARAMETER.findall(query))})


def tables(playbook: Playbook) -> frozenset[str]:
    """Return the marts that a campaign's trigger reads."""
    return frozenset(_MART.findall(_anchors(playbook.trigger.on))) if playbook.trigger else frozenset()


def _anchors(on: str) -> str:
    return (_FOLDER / f"{on}.sql").read_text()
