"""A run that stood in for what did not arrive is decided again too: each time that it decided, by what it had then."""

import pytest

from campaigns.replay import replay
from core.vocabulary import Channel, EventType
from tests.campaigns.test_fallback import Street, _settled


@pytest.fixture
def street(town):
    """Two customers with a mobile number and an email."""
    street = _settled(town)
    other = town.company()
    town.contact(other, preferred_contact_method="Mobile", mobile="0812345679", id="somchai")
    town.contract(other, ends_in=13)
    town.settle()
    street.changes |= {"channels": [Channel.WHATSAPP, Channel.EMAIL], "fallback_after_hours": 24}
    return street


def _stood_in(street: Street) -> str:
    """Let Malee's message be refused at night, when it is no time to write, and Somchai's stay silent; two passes."""
    street.decide()
    malee = next(each.message_id for each in street.ledger() if each.contact_id == "malee")
    street.send("whatsapp")
    street.wait(12)
    street.hear(EventType.FAILED, malee, error_class="permanent_recipient", reason="not on WhatsApp")
    (night,) = street.fall_back()
    street.wait(36)  # the day between is a public holiday
    street.hear(EventType.SENT)
    (morning,) = street.fall_back()

    assert night.run_id == morning.run_id
    assert (night.outcomes, morning.outcomes) == ({"deferred": 1}, {"send": 2})
    return morning.run_id


def test_every_pass_comes_out_again_whatever_happened_since(street):
    run_id = _stood_in(street)
    street.wait(30)
    street.town.run("payment_overdue")
    found = replay(street.town.connection, street.town.store, run_id)

    assert (found.is_same, found.differences) == (True, [])
    assert found.decisions == 3  # Malee's of the night too, which the morning decided anew


def test_a_decision_that_was_forged_is_found(street):
    run_id = _stood_in(street)
    forge = "update raw.campaigns__decisions set outcome = 'capped' where run_id = ? and contact_id = 'somchai'"
    street.town.connection.execute(forge, [run_id])
    found = replay(street.town.connection, street.town.store, run_id)

    assert [(each.contact_id, each.was, each.now) for each in found.differences] == [("somchai", "capped", "send")]
