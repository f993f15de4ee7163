"""A pass of fallbacks that dies leaves nothing that the next one does not set right."""

import pytest

from campaigns import fallback
from core.vocabulary import Channel, EventType
from tests.campaigns.test_fallback import HOURS, _settled


@pytest.fixture
def silent(town, monkeypatch):
    """A street where WhatsApp said nothing for so long that email was decided, and the process died then."""
    street = _settled(town)
    street.changes["channels"] = [Channel.WHATSAPP, Channel.EMAIL]
    street.decide()
    street.send("whatsapp")
    street.wait(HOURS)
    street.hear(EventType.SENT)
    with monkeypatch.context() as dying:
        dying.setattr(fallback, "_plan", lambda *_given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            street.fall_back()
    assert [outcome for outcome, *_ in street.decisions()] == ["send", "send"]
    return street


def test_who_is_still_owed_is_decided_again_and_written_to_once(silent):
    silent.fall_back()

    assert [outcome for outcome, *_ in silent.decisions()] == ["send", "send"]
    assert silent.story() == [("whatsapp", "accepted"), ("email", "planned")]


def test_whom_the_message_reached_meanwhile_nobody_decided_to_write_to(silent):
    silent.hear(EventType.DELIVERED, silent.ledger()[0].message_id)

    assert silent.fall_back() == []
    assert [outcome for outcome, *_ in silent.decisions()] == ["send"]
    assert silent.story() == [("whatsapp", "delivered")]
