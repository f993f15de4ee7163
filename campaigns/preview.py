"""Before sending: what a campaign would do now, by the real segment, policy and templates. Nothing is written.

``look`` decides once, on temporary tables; every question is then a function of it, here or in ``forecast``.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from campaigns import definitions, holidays, lifecycle, policy, segments, templates, triggers
from campaigns.fill import Filled, Key, fill, key_for, variables_by_subject
from campaigns.playbooks import Playbook
from campaigns.told import tell
from core.errors import PermanentError
from core.ids import derived_id
from core.store.campaigns import first_run_at
from core.store.engine import reading
from core.vocabulary import Channel, Outcome
from senders.templates import Template, preview


@dataclass(frozen=True)
class Look:
    """A campaign decided now on temporary tables of ``connection``: ask before somebody else looks there."""

    connection: Any
    engine: sa.Engine
    playbook: Playbook
    now: datetime

    @cached_property
    def contents(self) -> dict[Key, dict[str, Any]]:
        """Every template by (template, channel, language)."""
        return templates.contents(self.playbook)

    @cached_property
    def to_send(self) -> list[Filled]:
        """What would be planned, with its variables."""
        return list(fill(self.connection, self.playbook, self.contents))


@dataclass(frozen=True, kw_only=True)
class Fall:
    """One outcome of the waterfall, in the order in which the policy asks; ``left``: contacts not decided by then."""

    outcome: str
    contacts: int
    left: int
    by_channel: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Waterfall:
    """The audience, outcome by outcome, down to what will be sent. Contacts count once per subject."""

    audience: int
    falls: list[Fall]
    will_send: int
    by_channel: dict[str, int]
    by_variant: dict[str, int]
    is_stale: bool


@dataclass(frozen=True, kw_only=True)
class Blank:
    """A message that cannot be rendered: whose, and what is wrong, naming the variable."""

    contact_id: str
    contact_name: str | None
    step: str
    channel: str
    language: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """Every message rendered: how many are whole, and each that is not."""

    messages: int
    complete: int
    blanks: list[Blank]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a contact would read on a channel in a language; ``problem`` instead of words where it cannot be rendered.

    ``is_theirs``: this channel and language are what the policy chose.
    """

    step: str
    channel: str
    language: str
    subject: str
    text: str
    button: str
    outcome: str
    problem: str
    is_theirs: bool


def look(connection: Any, engine: sa.Engine, playbook: Playbook, now: datetime) -> Look:
    """Decide about everybody as a run at ``now`` would, on temporary tables only.

    ``connection`` is the warehouse or ``looking.over_copy``. Raises PermanentError for an unknown segment, and where it
    asks about holidays and one of them has no date to come.
    """
    library = segments.open_library(engine)
    segment = library.get(playbook.segment)
    holidays.require_dates(connection, library.tables(segment), now)
    segments.find_members(connection, segment, now, library)
    with reading(engine) as store:
        since = first_run_at(store, playbook.campaign_id) or now
    triggers.narrow(connection, playbook, since=since, now=now)
    told = tell(connection, playbook, lifecycle.others(engine, playbook), now)
    run_id = derived_id("run", playbook.campaign_id, playbook.occurrence(now))
    lifecycle.decide(connection, playbook, run_id, told)
    return Look(connection, engine, playbook, now)


def waterfall(look: Look) -> Waterfall:
    """Count the audience and each outcome, per channel: the outcomes sum to the audience."""
    found = look.connection.execute(
        "select outcome, coalesce(channel, 'none'), variant, count(*) from verdicts group by all order by all"
    ).fetchall()
    counted: dict[str, Counter[str]] = {}
    by_variant: Counter[str] = Counter()
    for outcome, channel, variant, contacts in found:
        counted.setdefault(outcome, Counter())[channel] += contacts
        if outcome == Outcome.SEND:
            by_variant[variant] += contacts
    audience = left = sum(channels.total() for channels in counted.values())
    falls = []
    for outcome in Outcome:
        if channels := counted.get(outcome):
            left -= channels.total()
            falls.append(Fall(outcome=outcome, contacts=channels.total(), left=left, by_channel=dict(channels)))
    sent = counted.get(Outcome.SEND, Counter())
    return Waterfall(
        audience=audience,
        falls=falls,
        will_send=sent.total(),
        by_channel=dict(sent),
        by_variant=dict(by_variant),
        is_stale=Outcome.STALE_DATA in counted,
    )


def completeness(look: Look) -> Completeness:
    """Render every message that would be sent, as its sender would, and list those that have a blank."""
    compiled = {key: Template(content, Channel(key[1])) for key, content in look.contents.items()}
    blanks = []
    for verdict, key, variables in look.to_send:
        if problem := _problem(compiled[key], variables):
            blanks.append(
                Blank(
                    contact_id=verdict["contact_id"],
                    contact_name=verdict["contact_name"],
                    step=verdict["step"],
                    channel=key[1],
                    language=key[2],
                    problem=problem,
                )
            )
    return Completeness(messages=len(look.to_send), complete=len(look.to_send) - len(blanks), blanks=blanks)


def as_contact(look: Look, contact_id: str) -> list[Shown]:
    """Show what a contact of the audience would read, whatever the policy says, on every channel, in every language.

    Raises PermanentError for a contact that is not in the audience.
    """
    return [
        _shown(look, verdict, channel, language, variables)
        for verdict, variables in for_contact(look, contact_id)
        for channel in look.playbook.channels
        for language in templates.LANGUAGES
    ]


def for_contact(look: Look, contact_id: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return a contact's verdicts with the variables that a message would have, whatever was decided.

    Raises PermanentError for a contact that is not in the audience.
    """
    connection = look.connection
    connection.execute("set variable shown = ?", [contact_id])
    real = connection.execute("from verdicts where contact_id = ? order by subject_id", [contact_id])
    verdicts = real.to_arrow_table().to_pylist()
    if not verdicts:
        why = f"`bma segment explain {look.playbook.segment} {contact_id}`"
        raise PermanentError(f"contact {contact_id} is not in the audience now: {why}")
    only = f"select * replace ('send' as outcome) from ({policy.VERDICTS}) where contact_id = getvariable('shown')"  # noqa: S608 -- ours
    connection.execute(f"create or replace temp view verdicts as {only}")
    try:
        variables = variables_by_subject(connection, look.playbook)
    finally:
        connection.execute(f"create or replace temp view verdicts as {policy.VERDICTS}")
    return [(verdict, variables.get((contact_id, verdict["subject_id"]), {})) for verdict in verdicts]


def _shown(look: Look, verdict: dict[str, Any], channel: Channel, language: str, variables: dict[str, Any]) -> Shown:
    key = key_for(look.playbook, verdict, str(channel), language, look.contents)
    content = look.contents[key]
    template = Template(content, channel)
    problem = _problem(template, variables)
    subject = text = ""
    if not problem:
        text = preview(content, variables)  # on WhatsApp too, where Meta puts it together
        subject = template.render(variables).subject
    own = key_for(look.playbook, verdict, str(verdict["channel"]), verdict["language"], look.contents)
    return Shown(
        step=verdict["step"],
        channel=str(channel),
        language=key[2],
        subject=subject,
        text=text,
        button=(content.get("button") or {}).get("label", ""),
        outcome=verdict["outcome"],
        problem=problem,
        is_theirs=key == own and language == key[2],
    )


def _problem(template: Template, variables: dict[str, Any]) -> str:
    try:
        template.render(variables)
    except PermanentError as error:
        return str(error)
    return ""


def spoken(playbook: Playbook, steps: list[tuple[str, str]]) -> list[str]:
    """Return what is missing of the words for (step, variant): every channel needs English at least."""
    contents, missing = templates.contents(playbook), []
    definitions.variables_of(playbook)
    for step, variant in steps:
        template_id = playbook.template_for(step, variant)
        missing += [
            f"template {template_id} has no English words for {channel}"
            for channel in playbook.channels
            if (template_id, str(channel), templates.FALLBACK) not in contents
        ]
    return missing
