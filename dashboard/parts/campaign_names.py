"""What campaigns are called: their names in the viewer's language, by id."""

from campaigns.definitions import all_campaigns
from dashboard.parts.words import language
from dashboard.store import store


def campaign_names() -> dict[str, str]:
    """Return the names of playbooks and people's campaigns; one that is gone has none."""
    return {book.campaign_id: book.name_th if language() == "th" else book.name for book in all_campaigns(store())}
