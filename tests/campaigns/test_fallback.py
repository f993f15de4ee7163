"""What did not arrive goes out by another channel, once, and never past a cap; what may have arrived is waited for."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from campaigns.fallback import run_fallbacks
from campaigns.playbooks import read_playbook
from core.ids import derived_id
from core.store import effects, events, fallbacks, ledger, outbox
from core.store.engine import open_store
from core.store.events import Event
from core.store.tables import messages
from core.vocabulary import Channel, EventType
from tests.warehouse.conftest import add

HOURS = 4
LINE_USER = "U" + "1" * 32
LEASE = timedelta(minutes=1)


@dataclass
class Street:
    """One customer with three channels, and what happens to messages on their way to her."""

    town: object
    changes: dict = field(default_factory=dict)
    numbers: int = 0

    def decide(self):
        return self.town.run("renewal", builds=False, **self.changes)

    def fall_back(self):
        playbook = read_playbook("renewal").model_copy(update={"holdout_share": 0.0, **self.changes})
        return run_fallbacks(self.town.connection, self.town.store, playbook, now=self.town.now)

    def wait(self, hours):
        self.town.now += timedelta(hours=hours)

    def send(self, channel, *, refused="", error_class="permanent_recipient"):
        """Let the channel's worker send what is planned: accepted, or refused for good."""
        self.town.now += timedelta(seconds=1)
        now, sent = self.town.now, []
        with self.town.store.begin() as connection:
            for each in outbox.claim_fairly(connection, channel=channel, worker="w", limit=9, now=now, lease=LEASE):
                sent.append(each.message_id)
                if refused:
                    ledger.fail(
                        connection, each.message_id, error_class=error_class, error_code="1", reason=refused, at=now
                    )
                else:
                    ledger.accept(connection, [ledger.Receipt(each.message_id, f"p-{each.message_id}")], now)
        return sent

    def hear(self, event_type, message_id=None, channel=Channel.WHATSAPP, **detail):
        """Let a webhook come in."""
        self.numbers += 1
        event = Event(
            event_id=derived_id("test", self.numbers),
            channel=channel,
            event_type=event_type,
            occurred_at=self.town.now,
            provider_event_type=str(event_type),
            message_id=message_id,
            detail=detail,
        )
        with self.town.store.begin() as connection:
            new = events.record(connection, [event], received_at=self.town.now, now=self.town.now)
            effects.apply_all(connection, new, self.town.now)

    def ledger(self):
        """Channel and status of every message, in the order in which they were planned."""
        with self.town.store.connect() as connection:
            return list(connection.execute(sa.select(messages).order_by(messages.c.planned_at, messages.c.message_id)))

    def story(self):
        return [(each.channel, each.status) for each in self.ledger()]

    def decisions(self):
        query = "select outcome, channel, reason from raw.campaigns__decisions order by decided_at, length(reason)"
        return self.town.connection.execute(query).fetchall()


def _settled(town):
    company = town.company()
    contact = town.contact(company, preferred_contact_method="Mobile", mobile="0812345678", id="malee")
    link = {
        "contact_id": contact,
        "channel": "line",
        "address": LINE_USER,
        "state": "confirmed",
        "confirmed_at": town.now,
    }
    add(town.connection, "journal__channel_addresses", {**link, "source": "line_code", "confidence": 1.0})
    town.contract(company, ends_in=13)
    town.settle()
    return Street(town, {"fallback_after_hours": HOURS, "most_data_age_hours": 168.0, "expires_after_hours": 168})


@pytest.fixture
def street(town):
    return _settled(town)


def test_a_refusal_for_good_goes_on_by_the_next_channel_with_a_row_and_a_reason_of_its_own(street):
    street.decide()
    assert street.fall_back() == []  # it is on its way
    street.send("line", refused="LINE does not know this user any more")
    (report,) = street.fall_back()

    assert street.story() == [("line", "failed"), ("whatsapp", "planned")]
    assert report.planned == 1 and report.outcomes == {"send": 1}
    first, second = street.ledger()
    assert second.fallback_of == first.message_id != second.message_id
    assert (second.step, second.contact_id) == (first.step, first.contact_id)
    assert street.decisions()[1] == ("send", "whatsapp", "fallback from line: no rule speaks against it")
    assert street.fall_back() == []
    assert len(street.ledger()) == 2


def test_every_channel_is_tried_once_and_then_it_ends(street):
    street.decide()
    for channel in ("line", "whatsapp", "email"):
        assert len(street.send(channel, refused="no such person")) == 1
        street.fall_back()

    assert street.story() == [("line", "failed"), ("whatsapp", "failed"), ("email", "failed")]
    assert street.decisions()[2][2].startswith("fallback from line, whatsapp: ")


def test_silence_counts_after_so_many_hours_where_deliveries_are_told_and_not_before(street):
    street.changes["channels"] = [Channel.WHATSAPP, Channel.EMAIL]
    street.decide()
    (message_id,) = street.send("whatsapp")
    street.hear(EventType.SENT, message_id)
    street.wait(HOURS - 1)
    street.hear(EventType.SENT)  # of somebody else
    assert street.fall_back() == []

    street.wait(1)
    assert street.fall_back() == []  # WhatsApp has told us nothing since: it may be us who do not hear
    street.hear(EventType.SENT)
    street.fall_back()
    assert street.story() == [("whatsapp", "sent"), ("email", "planned")]


def test_what_arrives_after_all_calls_back_what_was_to_stand_in_for_it(street):
    street.changes["channels"] = [Channel.WHATSAPP, Channel.EMAIL]
    street.decide()
    (message_id,) = street.send("whatsapp")
    street.wait(HOURS)
    street.hear(EventType.SENT)
    street.fall_back()
    street.hear(EventType.DELIVERED, message_id)
    street.wait(24)
    street.hear(EventType.SENT)
    street.fall_back()

    assert street.story() == [("whatsapp", "delivered"), ("email", "cancelled")]


@pytest.mark.parametrize("channel", ["line", "email"])
def test_a_channel_that_tells_nothing_of_deliveries_is_never_silent(street, channel):
    street.changes["channels"] = [Channel(channel), Channel.WHATSAPP] if channel == "line" else [Channel.EMAIL]
    street.decide()
    street.send(channel)
    street.wait(47)
    for each in Channel:
        street.hear(EventType.SENT, channel=each)

    assert street.fall_back() == []


def test_a_message_in_doubt_and_one_the_person_did_not_want_stand_alone(street):
    street.decide()
    with street.town.store.begin() as connection:
        (claimed,) = outbox.claim_fairly(
            connection, channel="line", worker="w", limit=1, now=street.town.now, lease=LEASE
        )
        ledger.doubt(connection, claimed.message_id, reason="no answer", at=street.town.now)
    assert street.fall_back() == []

    street.hear(EventType.FAILED, claimed.message_id, Channel.LINE, error_class="suppress_marketing", reason="stopped")
    assert street.story() == [("line", "failed")]
    assert street.fall_back() == []


def test_the_whole_policy_is_asked_again(street):
    street.decide()
    street.send("line", refused="gone")
    suppression = {"channel": "whatsapp", "address": "+66812345678", "purpose": "all", "suppression_id": "s"}
    add(street.town.connection, "journal__suppressions", {**suppression, "reason": "stopped", "source": "stop_word"})
    (report,) = street.fall_back()
    assert street.story()[1] == ("email", "planned")
    assert report.outcomes == {"send": 1}

    street.send("email", refused="bounced")
    (report,) = street.fall_back()
    assert (report.planned, report.outcomes) == (0, {"suppressed": 1})


def test_who_left_the_segment_meanwhile_is_not_considered_and_nobody_is_at_night(street):
    street.decide()
    street.send("line", refused="gone")
    street.wait(10)  # eight in the evening
    (report,) = street.fall_back()
    assert (report.planned, report.outcomes) == (0, {"deferred": 1})

    street.wait(14)
    street.town.connection.execute("update marts.contracts set has_successor = true")
    (report,) = street.fall_back()
    assert (report.audience, report.planned) == (1, 0)
    assert street.story() == [("line", "failed")]


def test_a_campaign_without_the_setting_never_falls_back(street):
    street.decide()
    street.send("line", refused="gone")
    street.changes["fallback_after_hours"] = None
    assert street.fall_back() == []


def test_the_cap_counts_what_may_have_arrived_and_not_what_certainly_did_not(street):
    street.changes |= {"most_in_seven_days": 1}
    street.decide()
    street.send("line", refused="gone")
    street.fall_back()
    assert street.story()[1] == ("whatsapp", "planned")

    street.send("whatsapp")
    street.wait(HOURS)
    street.hear(EventType.SENT)
    (report,) = street.fall_back()
    assert (report.planned, report.outcomes) == (0, {"capped": 1})


ACTS = [
    *(("pass", "accept"),) * 6,  # a webhook of somebody else, a pass of the campaign, and what is planned is sent
    *(("pass", "refuse"), ("wait", 4)) * 3,
    *(("pass", "nothing is sent"), ("wait", 1), ("wait", 12), ("decide", 0), ("sent", 0), ("read", 0)),
    *(("delivered", 0), ("delivered", 1), ("failed", 0), ("failed", 1)),
]
acts = some.lists(some.sampled_from(ACTS), min_size=8, max_size=12)


@given(acts=acts, cap=some.sampled_from([1, 2, 3]), first=some.sampled_from([[], [Channel.LINE]]))
@example(acts=[("pass", "accept"), ("wait", 4), ("pass", "accept")], cap=1, first=[])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_in_whatever_order_nobody_gets_a_step_twice_and_caps_hold(street, acts, cap, first):
    town, began = street.town, street.town.now
    town.store = open_store("sqlite:///:memory:")
    town.connection.execute("delete from raw.campaigns__decisions")
    street.changes |= {"most_in_seven_days": cap, "channels": [*first, Channel.WHATSAPP, Channel.EMAIL]}
    street.decide()
    for act, what in acts:
        known = street.ledger()
        if act == "wait":
            street.wait(what)
        elif act == "pass":
            street.hear(EventType.SENT)
            street.fall_back()
            for channel in ("line", "whatsapp", "email") if what in ("accept", "refuse") else ():
                street.send(channel, refused="gone" if what == "refuse" else "")
        elif act == "decide":
            street.decide()
        elif what < len(known):
            street.hear(EventType(act), known[what].message_id, Channel(known[what].channel), reason="told so")
        _holds(street.ledger(), cap)
    town.now = began


def _holds(found, cap):
    """Every accepted message but the first of a step stands in for one that failed for good, or was silent for long."""
    by_id = {each.message_id: each for each in found}
    accepted = [each for each in found if each.accepted_at is not None]
    roots = [each for each in accepted if each.fallback_of is None]
    assert len({each.step for each in roots}) == len(roots)
    assert len({each.fallback_of for each in found if each.fallback_of}) == sum(
        bool(each.fallback_of) for each in found
    )
    for each in accepted:
        if each.fallback_of is None:
            continue
        before = by_id[each.fallback_of]
        was_silent = (
            before.channel in fallbacks.TELLS_DELIVERY
            and before.accepted_at is not None
            and each.planned_at - before.accepted_at >= timedelta(hours=HOURS)
        )
        assert before.status == "failed" or was_silent
        assert before.channel != each.channel
    assert sum(each.status != "failed" for each in accepted) <= cap
