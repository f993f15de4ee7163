"""Messages that somebody asks for, one by one: the same policy as a campaign's, without what is about campaigns.

The person and their consent come from the published copy, suppressions and templates from the store as it is now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from campaigns import policy, templates
from campaigns.policy import AUDIENCE, OLDEST
from core.duck import attaching, open_file
from core.errors import PermanentError
from core.store import suppressions
from core.store.engine import reading
from core.store.templates import template_states
from core.vocabulary import Channel, Outcome, Purpose
from senders.templates import Template as Wording
from warehouse.publish import Version

_FOLDER = Path(__file__).parent / "transactional"
_LIVE, _MEMBER = ((_FOLDER / f"{name}.sql").read_text() for name in ("live", "member"))
# Not asked: what spreads campaigns over people and time. A transactional message is owed, at the hour it is asked for.
_SHARED = (
    Outcome.STALE_DATA,
    Outcome.NO_CONSENT,
    Outcome.SUPPRESSED,
    Outcome.NO_ADDRESS,
    Outcome.INVALID_ADDRESS,
    Outcome.TEMPLATE_UNAVAILABLE,
    Outcome.SEND,
)
GIVEN = frozenset({"contact_name", "company_name"})  # variables that we know ourselves


class Template(BaseModel):
    """What may be sent by request: its words, and under which purpose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    template_id: str = Field(pattern=r"^[a-z_]+$")
    name: str
    purpose: Purpose
    channels: list[Channel] = Field(min_length=1)
    required: list[str]
    whatsapp: list[str]
    en: dict[str, Any]
    th: dict[str, Any] | None = None
    priority: int = Field(default=1, ge=1, le=9, description="smaller goes first")
    most_data_age_hours: float = Field(default=26, gt=0, le=168, description="of the consent that is decided on")
    expires_after_hours: int = Field(default=24, ge=1)

    def contents(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Return its words by (template, channel, language), as senders render them."""
        return templates.contents_of(self.template_id, self.model_dump(exclude_none=True), self.channels)

    def missing(self, variables: Mapping[str, Any]) -> list[str]:
        """Name the variables that the caller must give and did not."""
        return [name for name in self.required if name not in GIVEN and variables.get(name) in (None, "", [])]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for: whom to write to, with which words, about what. ``step`` tells it from any other wish."""

    contact_id: str
    step: str
    variables: Mapping[str, Any]
    channels: list[Channel]
    subject_type: str
    subject_id: str | None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the policy said about it; ``address``, ``language`` and ``variables`` are what a message would have."""

    outcome: Outcome
    reason: str
    company_id: str
    subject_id: str
    channel: str | None
    address: str | None
    language: str
    variables: dict[str, Any]


@cache
def read_templates() -> dict[str, Template]:
    """Return every transactional template by its id. Raises PermanentError naming the file and the field."""
    found = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        try:
            found[path.stem] = Template.model_validate({"template_id": path.stem, **yaml.safe_load(path.read_text())})
        except ValidationError as error:
            raise PermanentError(f"{path.name}: {error}") from error
    return found


@cache
def read_rules() -> tuple[policy.Rule, ...]:
    """Return the rules in their order: who is ineligible is our own, the others are the campaigns'."""
    own = policy.read_rule(_FOLDER / "01_ineligible.sql")
    return (own, *(rule for rule in policy.read_rules() if rule.outcome in _SHARED))


def decide(
    version: Version, key: str, engine: sa.Engine, template: Template, wish: Wish, *, now: datetime
) -> Decision | None:
    """Decide about one wish; None when the published copy does not know the contact.

    Raises MissingVariableError or PermanentError when what would be sent cannot be rendered.
    """
    connection = open_file(Path(":memory:"))
    try:
        connection.execute("set threads = 1")  # one row: more threads only wait for each other
        connection.execute(attaching(version.path, "copy", key=key, read_only=True))
        connection.execute("use copy")
        connection.execute("attach ':memory:' as raw")
        connection.execute(_LIVE)
        connection.execute("set enable_external_access = false")
        connection.execute("set variable now = ?::timestamptz", [now])
        verdict = _verdict(connection, engine, template, wish, now)
    finally:
        connection.close()
    return None if verdict is None else _decision(template, wish, verdict)


def _verdict(
    connection: Any, engine: sa.Engine, template: Template, wish: Wish, now: datetime
) -> dict[str, Any] | None:
    asked = {"about_type": wish.subject_type, "about_id": wish.subject_id, "which_step": wish.step}
    connection.execute(_MEMBER, {**asked, "contact_id": wish.contact_id})
    connection.execute(
        AUDIENCE,
        {
            "campaign_id": template.template_id,
            "run_id": "",
            "purpose": str(template.purpose),
            "channels": [str(each) for each in wish.channels],
            "roles": [],
            "writes_to_all": False,
            "variants": ["a"],
            "variant_bounds": [],
            "family": "",
        },
    )
    found = connection.execute("select address from considered").fetchall()
    if not found:
        return None
    with reading(engine) as store:
        standing = suppressions.standing(store, wish.contact_id, found[0][0])
        states = [row for row in template_states(store) if row["template_id"] == template.template_id]
    _insert(connection, "raw.journal__suppressions", standing)
    _insert(connection, "raw.journal__templates", states)
    source, oldest = connection.execute(OLDEST).fetchone() or ("every source", None)
    parameters = {
        "purpose": str(template.purpose),
        "is_stale": oldest is None or oldest < now - timedelta(hours=template.most_data_age_hours),
        "oldest_source": source,
        "oldest_load": "never" if oldest is None else oldest.isoformat(timespec="minutes"),
        "most_data_age_hours": f"{template.most_data_age_hours:g}",
        "steps": [wish.step],
        "step_variants": ["a"],
        "template_ids": [template.template_id],
        "at_best_hour": False,
    }
    policy.decide(connection, parameters, read_rules())
    row = connection.execute("from verdicts")
    return dict(zip([column[0] for column in row.description], row.fetchone(), strict=True))


def _insert(connection: Any, table: str, rows: list[dict[str, Any]]) -> None:
    names = [name for (name,) in connection.execute(f"select column_name from (describe {table})").fetchall()]  # noqa: S608 -- ours
    for row in rows:
        places = ", ".join("?" * len(names))
        connection.execute(f"insert into {table} values ({places})", [row.get(name) for name in names])  # noqa: S608 -- ours


def _decision(template: Template, wish: Wish, verdict: dict[str, Any]) -> Decision:
    ours = {"contact_name": verdict["contact_name"], "company_name": verdict["company_name"]}
    variables = {**ours, **wish.variables}
    channel, language = verdict["channel"], verdict["language"]
    contents = template.contents()
    if (template.template_id, channel, language) not in contents:
        language = templates.FALLBACK
    if verdict["outcome"] == Outcome.SEND:
        Wording(contents[template.template_id, channel, language], Channel(channel)).render(
            variables
        )  # or say what is wrong
    return Decision(
        outcome=Outcome(verdict["outcome"]),
        reason=verdict["why"],
        company_id=verdict["company_id"],
        subject_id=verdict["subject_id"],
        channel=channel,
        address=verdict["address"],
        language=language,
        variables=variables,
    )
