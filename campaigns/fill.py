"""What each message to be sent is made of: its template, its language and the values of its variables."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from campaigns import definitions, templates
from campaigns.playbooks import Playbook
from core.vocabulary import Outcome

Key = tuple[str, str, str]  # template, channel, language


class Filled(NamedTuple):
    """One verdict to send, the template that says it, and what it may say."""

    verdict: dict[str, Any]
    key: Key
    variables: dict[str, Any]


def fill(connection: Any, playbook: Playbook, contents: dict[Key, dict[str, Any]]) -> Iterator[Filled]:
    """Yield what is to be sent of the ``verdicts``, by contact; who has no template in their language gets English."""
    variables = variables_by_subject(connection, playbook)
    chosen = connection.execute(
        "from verdicts where outcome = ? order by contact_id, subject_id, step", [str(Outcome.SEND)]
    )
    for verdict in chosen.to_arrow_table().to_pylist():
        found = variables.get((verdict["contact_id"], verdict["subject_id"]), {})
        yield Filled(verdict, key_for(playbook, verdict, verdict["channel"], verdict["language"], contents), found)


def variables_by_subject(connection: Any, playbook: Playbook) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the values for every verdict to send, by contact and subject."""
    found = connection.execute(definitions.variables_of(playbook)).to_arrow_table().to_pylist()
    return {(row.pop("contact_id"), row.pop("subject_id")): row for row in found}


def key_for(
    playbook: Playbook, verdict: dict[str, Any], channel: str, language: str, contents: dict[Key, dict[str, Any]]
) -> Key:
    """Return the template of a verdict on a channel, in a language or else in English."""
    template_id = playbook.template_for(verdict["step"], verdict["variant"])
    key = (template_id, channel, language)
    return key if key in contents else (template_id, channel, templates.FALLBACK)
