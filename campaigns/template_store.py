"""Templates that people write: checked, then kept in the store beside those that come with the product.

What a person saved stands in place of the product's own. No version that was ever saved changes: what a message was
rendered from can be shown years later.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from campaigns.templates import LANGUAGES, contents_of
from core.errors import PermanentError
from core.store.templates import Key, save_template
from core.vocabulary import Channel
from senders.template_check import Problem, check_template

_FIELDS = {"required", "whatsapp", *LANGUAGES}


class TemplateError(PermanentError):
    """A template cannot be saved as it is; ``problems`` are by (channel, language)."""

    def __init__(self, problems: Mapping[tuple[str, str], list[Problem]]) -> None:
        super().__init__(
            "; ".join(
                f"{channel} in {language}: {each.said}"
                for (channel, language), some in problems.items()
                for each in some
            )
        )
        self.problems = problems


def check(
    template_id: str,
    template: Mapping[str, Any],
    channels: Iterable[Channel],
    sample: Mapping[str, Any] | None = None,
) -> dict[tuple[str, str], list[Problem]]:
    """Return what is wrong with a template, as it is written in a playbook's file, by (channel, language).

    Raises PermanentError when it lacks a field, or its MJML is broken.
    """
    if unknown := sorted(template.keys() - _FIELDS):
        raise PermanentError(f"template {template_id}: nobody knows {', '.join(unknown)}: there are {sorted(_FIELDS)}")
    try:
        contents = contents_of(template_id, template, channels)
    except (KeyError, TypeError) as error:
        raise PermanentError(f"template {template_id} lacks {error}: see campaigns/playbooks/templates") from error
    if not contents:
        raise PermanentError(f"template {template_id} has no language: write {' or '.join(LANGUAGES)}")
    found = {
        (channel, language): check_template(Channel(channel), content, sample)
        for (_, channel, language), content in contents.items()
    }
    return {place: problems for place, problems in found.items() if problems}


def save(
    engine: sa.Engine,
    template_id: str,
    template: Mapping[str, Any],
    channels: Iterable[Channel],
    *,
    actor: str,
    now: datetime,
) -> dict[Key, int]:
    """Keep a template and return its version by (template, channel, language); unchanged, it keeps the version it has.

    A WhatsApp template that the provider has not seen yet is ``pending`` until its list says otherwise. Raises
    TemplateError with everything that is wrong.
    """
    wanted = list(channels)
    if problems := check(template_id, template, wanted):
        raise TemplateError(problems)
    with engine.begin() as store:
        return {
            key: save_template(
                store,
                template_id=key[0],
                channel=key[1],
                language=key[2],
                content=content,
                saved_by=actor,
                now=now,
            )
            for key, content in contents_of(template_id, template, wanted).items()
        }
