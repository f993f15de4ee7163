"""What campaigns say, in English and Thai: a playbook's file or the campaign's own words, for each channel."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from campaigns.playbooks import Playbook
from core.errors import PermanentError
from core.vocabulary import Channel
from senders.email.mjml_page import compile_page

_FOLDER = Path(__file__).parent / "playbooks" / "templates"
LANGUAGES = ("en", "th")
FALLBACK = "en"


@cache
def _read(campaign_id: str) -> dict[str, Any]:
    path = _FOLDER / f"{campaign_id}.yaml"
    if not path.exists():
        raise PermanentError(f"playbook {campaign_id} has no templates: write {path.name}")
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def contents(playbook: Playbook) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return every template of a playbook by (template, channel, language), as senders render it."""
    found = {}
    own = {name: words.model_dump(exclude_none=True) for name, words in playbook.messages.items()}
    for template_id, template in (own or _read(playbook.campaign_id)).items():
        found.update(contents_of(template_id, template, playbook.channels))
    return found


def contents_of(
    template_id: str, template: Mapping[str, Any], channels: Iterable[Channel]
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return one template by (template, channel, language). An email's page in MJML is compiled here, once."""
    return {
        (template_id, str(channel), language): _content(template_id, template, language, channel)
        for language in LANGUAGES
        if language in template
        for channel in channels
    }


def _content(template_id: str, template: Mapping[str, Any], language: str, channel: Channel) -> dict[str, Any]:
    text = template[language]
    content = {"required": template["required"], "text": text["text"], "language": language}
    if channel is Channel.EMAIL:
        page = {"mjml": text["mjml"], "html": compile_page(text["mjml"])} if "mjml" in text else {}
        return {**content, "subject": text["subject"], "button": text.get("button"), **page}
    if channel is Channel.WHATSAPP:
        return {**content, "name": template_id, "parameters": template["whatsapp"]}
    if "flex" in text:
        flex = {"type": "flex", "altText": text["flex"]["alt_text"], "contents": text["flex"]["contents"]}
        return {**content, "button": text.get("button"), "flex": flex}
    return {**content, "button": text.get("button")}
