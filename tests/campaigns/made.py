"""A campaign as people make it, and the way to have it running."""

from typing import Any

from campaigns import states
from campaigns.check import Checked, check
from tests.campaigns.conftest import Town

WORDS = {
    "required": ["contact_name", "company_name"],
    "whatsapp": ["contact_name", "company_name"],
    "en": {
        "subject": "Music at {{ company_name }}",
        "text": "Dear {{ contact_name }}, the music at {{ company_name }} goes on.",
        "button": {"label": "Yes", "url": "https://www.bmasia.example/yes"},
    },
    "th": {
        "subject": "เพลงที่ {{ company_name }}",
        "text": "เรียน คุณ{{ contact_name }} เพลงที่ {{ company_name }} จะเล่นต่อ",
        "button": {"label": "ตกลง", "url": "https://www.bmasia.example/yes"},
    },
}


def definition(**changes: Any) -> dict[str, Any]:
    """Return a campaign about contracts that end soon, decided every hour."""
    return {
        "campaign_id": "song_week",
        "name": "Song week",
        "name_th": "สัปดาห์เพลง",
        "purpose": "renewal",
        "segment": "renewal_due",
        "templates": {"renewal": "song_week_hello"},
        "messages": {"song_week_hello": WORDS},
        "channels": ["whatsapp", "email"],
        "roles": ["Primary", "Billing"],
        "cron": "0 * * * *",
        "priority": 4,
        "holdout_share": 0.0,
        "holdout_family": "song_week",
        "most_in_seven_days": 5,
        "most_data_age_hours": 168,
        "respects_crm_hold": True,
        "expires_after_hours": 24,
        **changes,
    }


def checked(town: Town, **changes: Any) -> Checked:
    """Draft a campaign and have it checked."""
    content = definition(**changes)
    states.create_draft(town.store, content, by="nok", now=town.now)
    return check(town.connection, town.store, content["campaign_id"], by="nok", now=town.now)


def scheduled(town: Town, **changes: Any) -> None:
    """Draft, check, approve and schedule a campaign."""
    found = checked(town, **changes)
    assert found.problems == []
    states.approve(town.store, found.campaign_id, by="lek", now=town.now)
    states.schedule(town.store, found.campaign_id, by="lek", now=town.now)
