"""WhatsApp's list of our templates decides what may be sent: approval, pause, quality, language, number of values."""

import re

import pytest
import sqlalchemy as sa

from campaigns import template_store
from core.errors import PermanentError
from core.store import campaigns
from core.store.provider_templates import heed
from core.store.tables import templates
from core.vocabulary import Channel
from pipelines.providers.whatsapp_templates import read_templates
from tests.pipelines.standin_providers import StandIns

OURS = {
    "required": ["contact_name", "end_date"],
    "whatsapp": ["contact_name", "end_date|long_date"],
    "en": {"text": "{{ contact_name }}: {{ end_date|long_date }}"},
    "th": {"text": "เรียน {{ contact_name }}: {{ end_date|long_date }}"},
}


@pytest.fixture(scope="module")
def world():
    return StandIns()


@pytest.fixture
def settings(world, tmp_path):
    world.providers.counters.submitted.clear()
    return world.settings(tmp_path)


@pytest.fixture
def sync(world, settings, sqlite_store, now):
    """Let the account have templates, each ``(language, status)`` with what else is not as usual; ask for them."""
    template_store.save(sqlite_store, "renewal_30", OURS, [Channel.WHATSAPP], actor="user:nok", now=now)

    def ask(*listed):
        body = [{"type": "HEADER", "text": "x"}, {"type": "BODY", "text": "Dear {{1}}, {{2}} is the day. {{1}}!"}]
        rows = [
            {"name": "renewal_30", "language": language, "status": status, "components": body, **more}
            for language, status, more in listed
        ]
        world.http.post("/_sandbox/templates", json={"templates": rows})
        with sqlite_store.begin() as connection:
            states = heed(connection, "whatsapp", read_templates(settings, world.transport), now)
            held = campaigns.standing_holds(connection)
        return {each.language: each for each in states}, held

    return ask


def stored(store):
    with store.connect() as connection:
        query = sa.select(templates.c.language, templates.c.provider_status, templates.c.quality)
        return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def test_what_was_pending_is_sendable_once_it_is_approved_and_has_its_quality(sync, sqlite_store):
    assert stored(sqlite_store) == {"en": ("pending", None), "th": ("pending", None)}
    yellow = {"quality_score": {"score": "YELLOW"}}
    sync(("en", "APPROVED", {}), ("th", "APPROVED", yellow))

    assert stored(sqlite_store) == {"en": ("approved", "green"), "th": ("approved", "yellow")}


@pytest.mark.parametrize(
    ("status", "ours"), [("PAUSED", "paused"), ("REJECTED", "rejected"), ("DISABLED", "disabled"), ("LOCKED", "paused")]
)
def test_what_is_stopped_is_held_until_the_list_says_approved_again(sync, sqlite_store, status, ours):
    _, held = sync(("en", "APPROVED", {}), ("th", status, {}))
    assert list(held) == ["template:renewal_30"]
    assert stored(sqlite_store)["th"][0] == ours

    _, held = sync(("th", "APPROVED", {}))
    assert held == {}


@pytest.mark.parametrize(
    ("listed", "status", "said"),
    [
        ([], "missing", "submit it"),
        ([("th_TH", "APPROVED", {})], "missing", "in th; it has en, th_TH"),
        ([("th", "PENDING", {})], "pending", "quality"),
        ([("th", "APPROVED", {"components": [{"type": "BODY", "text": "{{1}}"}]})], "mismatched", "takes 1 .* gives 2"),
    ],
)
def test_what_would_be_refused_is_not_sendable_and_says_why(sync, sqlite_store, listed, status, said):
    states, held = sync(("en", "APPROVED", {}), *listed)

    assert stored(sqlite_store)["th"][0] == states["th"].status == status
    assert re.search(said, states["th"].reason)
    assert held == {}  # English goes on


def test_all_pages_are_read_and_a_word_nobody_has_described_is_no_yes(sync, world):
    many = [{"name": f"other_{number}", "language": "en"} for number in range(60)]
    world.http.post("/_sandbox/templates", json={"templates": many})
    states, _ = sync(("en", "APPROVED", {}), ("th", "APPROVED", {}))
    assert {each.status for each in states.values()} == {"approved"}

    with pytest.raises(PermanentError, match="nobody has described"):
        sync(("th", "SLEEPING", {}))


def test_a_closed_account_says_what_opens_it(world, tmp_path):
    with pytest.raises(PermanentError, match="BMA_WHATSAPP_TOKEN"):
        read_templates(world.settings(tmp_path, whatsapp_token=""), world.transport)
