"""What campaigns there are: playbooks of the files, and those that people made and the store keeps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from campaigns import templates, transactional
from campaigns.playbooks import Playbook, read_playbooks
from campaigns.rules.values import near
from core.errors import PermanentError
from core.store import campaign_states
from core.store.campaign_states import Standing
from core.store.conversations import REPLY
from core.store.engine import reading
from core.vocabulary import CampaignStatus

VARIABLES = Path(__file__).parent / "variables"
COMMON_VARIABLES = "contact"  # what may be said to anybody
_PEOPLES = "person"


def find(engine: sa.Engine, campaign_id: str) -> Playbook:
    """Return one campaign as it is defined now. Raises PermanentError naming those there are."""
    shipped = {book.campaign_id: book for book in read_playbooks()}
    if campaign_id in shipped:
        return shipped[campaign_id]
    with reading(engine) as store:
        standing = campaign_states.find(store, campaign_id)
        known = [each.campaign_id for each in campaign_states.list_all(store)]
    if standing is None or standing.origin != _PEOPLES:
        raise PermanentError(f"there is no campaign {campaign_id!r}: {near(campaign_id, {*shipped, *known})}")
    return from_standing(standing)


def all_campaigns(engine: sa.Engine) -> tuple[Playbook, ...]:
    """Return playbooks and people's campaigns that are not cancelled, the most urgent first."""
    with reading(engine) as store:
        made = [
            from_standing(each)
            for each in campaign_states.list_all(store)
            if each.origin == _PEOPLES and each.status != CampaignStatus.CANCELLED
        ]
    return tuple(sorted((*read_playbooks(), *made), key=lambda book: (book.priority, book.campaign_id)))


def approved(engine: sa.Engine) -> tuple[Playbook, ...]:
    """Return people's campaigns that have been approved and may write, or did."""
    told = (CampaignStatus.APPROVED, CampaignStatus.SCHEDULED, CampaignStatus.SENDING, CampaignStatus.DONE)
    with reading(engine) as store:
        standing = campaign_states.list_all(store)
    return tuple(
        from_standing(each)
        for each in standing
        if each.origin == _PEOPLES and each.status in (*told, CampaignStatus.PAUSED)
    )


def from_standing(standing: Standing) -> Playbook:
    """Return the campaign that a row of the store defines."""
    return read(standing.definition)


def read(content: Mapping[str, Any]) -> Playbook:
    """Return the campaign a definition describes. Raises PermanentError naming the fields that are wrong."""
    try:
        return Playbook.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'campaign'}: {each['msg']}" for each in error.errors())
        raise PermanentError(f"campaign {content.get('campaign_id', '')}: {wrong}") from error


def is_shipped(campaign_id: str) -> bool:
    """Say whether a campaign is a playbook: changed in review, not by people."""
    return campaign_id in {book.campaign_id for book in read_playbooks()}


def variables_of(playbook: Playbook) -> str:
    """Return the SQL of what a campaign's messages may say."""
    name = playbook.variables or (COMMON_VARIABLES if playbook.messages else playbook.campaign_id)
    path = VARIABLES / f"{name}.sql"
    if not path.exists():
        there = {each.stem for each in VARIABLES.glob("*.sql")}
        raise PermanentError(f"campaign {playbook.campaign_id}: no variables {name!r}: {near(name, there)}")
    return path.read_text()


def require_own_names(playbook: Playbook, others: tuple[Playbook, ...]) -> None:
    """Raise PermanentError where a campaign has a name, or a template's name, that belongs to another."""
    taken = {key[0]: book.campaign_id for book in others for key in templates.contents(book)}
    ours = {*transactional.read_templates(), REPLY}
    taken |= dict.fromkeys(ours, "the API")
    if is_shipped(playbook.campaign_id) or playbook.campaign_id in ours:
        raise PermanentError(f"campaign {playbook.campaign_id} is a file of this product: change it there, in review")
    if not playbook.messages:
        raise PermanentError(f"campaign {playbook.campaign_id}: messages: the words of each template must be given")
    used = {*playbook.templates.values(), *(name for arm in playbook.variants for name in arm.templates.values())}
    if missing := sorted(used - playbook.messages.keys()):
        raise PermanentError(f"campaign {playbook.campaign_id}: messages: no words for template {', '.join(missing)}")
    if clash := sorted(playbook.messages.keys() & taken.keys()):
        named = ", ".join(f"{name} (of {taken[name]})" for name in clash)
        raise PermanentError(f"campaign {playbook.campaign_id}: messages: these names are taken: {named}")
