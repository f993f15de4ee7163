"""What WhatsApp says of our templates and our account stops sending before the next message fails, and lets it on."""

import json

import pytest
import sqlalchemy as sa

from core.store import campaigns
from core.store.tables import templates
from core.store.templates import save_template

DOOR = "/webhooks/whatsapp"


@pytest.fixture
def template(sqlite_store, now):
    """Our template renewal_30, in two languages, which WhatsApp knows as renewal_due."""
    with sqlite_store.begin() as connection:
        for language in ("en", "th"):
            content = {"name": "renewal_due", "text": f"words in {language}"}
            place = {"template_id": "renewal_30", "channel": "whatsapp", "language": language}
            save_template(connection, **place, content=content, now=now)


@pytest.fixture
def tell(deliver, sqlite_store):
    """Tell one change of a field; returns what is held then."""
    numbers = iter(range(1000))

    def change(field, **value):
        entry = {"id": "1", "time": next(numbers), "changes": [{"field": field, "value": value}]}
        assert deliver(DOOR, json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()) == 200
        with sqlite_store.connect() as connection:
            return campaigns.standing_holds(connection)

    return change


def of_template(event, language="en", name="renewal_due"):
    return {
        "event": event,
        "message_template_id": 1,
        "message_template_name": name,
        "message_template_language": language,
    }


@pytest.mark.parametrize("event", ["PAUSED", "REJECTED", "DISABLED", "DELETED"])
def test_a_template_that_is_stopped_is_held_and_goes_on_when_it_is_approved(tell, template, sqlite_store, event):
    assert list(tell("message_template_status_update", **of_template(event))) == ["template:renewal_30"]
    assert tell("message_template_status_update", **of_template("APPROVED")) == {}

    with sqlite_store.connect() as connection:
        assert set(connection.execute(sa.select(templates.c.provider_status)).scalars()) == {"approved"}


def test_a_template_stays_held_while_it_is_stopped_in_another_language(tell, template):
    tell("message_template_status_update", **of_template("PAUSED", "th"))
    tell("message_template_status_update", **of_template("PAUSED", "en_US"))

    assert list(tell("message_template_status_update", **of_template("APPROVED"))) == ["template:renewal_30"]
    assert tell("message_template_status_update", **of_template("UNPAUSED", "th")) == {}


def test_what_a_person_holds_stays_held(tell, template, sqlite_store, now):
    with sqlite_store.begin() as connection:
        campaigns.set_hold(connection, "template:renewal_30", "not now", "ada", now)

    assert list(tell("message_template_status_update", **of_template("APPROVED"))) == ["template:renewal_30"]


@pytest.mark.parametrize("event", ["PENDING", "IN_APPEAL", "FLAGGED"])
def test_what_leaves_a_template_as_it_was_holds_nothing(tell, template, event):
    assert tell("message_template_status_update", **of_template(event)) == {}


def test_somebody_else_s_template_is_none_of_ours(tell, template):
    assert tell("message_template_status_update", **of_template("PAUSED", name="other")) == {}


def test_an_account_that_may_not_send_is_held_until_a_person_has_looked(tell):
    held = tell("account_update", event="DISABLED_UPDATE", ban_info={"waba_ban_state": "DISABLE"})
    assert list(held) == ["channel:whatsapp"]
    assert "DISABLED_UPDATE" in held["channel:whatsapp"]

    assert tell("account_update", event="DISABLED_UPDATE", ban_info={"waba_ban_state": "REINSTATE"}) == held


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_template_quality_update", {"previous_quality_score": "GREEN", "new_quality_score": "YELLOW"}),
        ("message_template_status_update", {"previous_quality_score": "GREEN", "new_quality_score": "YELLOW"}),
        ("phone_number_quality_update", {"event": "THROUGHPUT_UPGRADE"}),
        ("business_capability_update", {"max_daily_conversations_per_business": 2000}),
        ("account_update", {"event": "ACCOUNT_VIOLATION"}),
        ("account_alerts", {"alert_type": "OBA_APPROVED"}),
    ],
)
def test_other_news_of_the_account_is_understood_and_holds_nothing(tell, rows, field, value):
    assert tell(field, **value) == {}
    assert [row["state"] for row in rows("inbox")] == ["applied"]


def test_a_template_event_nobody_knows_is_kept_with_its_reason(tell, rows):
    tell("message_template_status_update", **of_template("TELEPORTED"))

    (kept,) = rows("inbox")
    assert (kept["state"], "TELEPORTED" in kept["reason"]) == ("rejected", True)
