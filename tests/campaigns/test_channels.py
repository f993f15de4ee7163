"""By which channel a person is written to: one that is open, preferred, with an open window, where she answers."""

from datetime import timedelta

import pytest

from core.vocabulary import Channel
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import with_upstream

LINE_USER = "U" + "1" * 32
ALL = [Channel.LINE, Channel.WHATSAPP, Channel.EMAIL]


@pytest.fixture(scope="module")
def names():
    return {"email": "malee@hotel.example", "whatsapp": "+66812345678", "line": LINE_USER}


@pytest.fixture
def malee(town):
    """A contact with all three channels, LINE confirmed, and a contract about to end."""
    company = town.company()
    contact = town.contact(company, email="malee@hotel.example", mobile="0812345678")
    town.contract(company, ends_in=10)
    link(town, contact)
    return contact


def link(town, contact, state="confirmed", address=LINE_USER):
    row = {"contact_id": contact, "channel": "line", "address": address, "state": state, "confirmed_at": town.now}
    add(town.connection, "journal__channel_addresses", {**row, "source": "line_code", "confidence": 1.0})


def close(town, channel, **whom):
    row = {"channel": channel, "purpose": "all", "suppression_id": f"{channel}{whom}", "reason": "r", "source": "s"}
    add(town.connection, "journal__suppressions", {**row, **whom})


def chosen(town, channels=ALL, settles=True):
    if settles:
        town.settle()
    town.run("renewal", channels=channels, builds=False)
    return town.connection.execute("select channel, address, outcome from verdicts").fetchone()


def test_the_preferred_channel_comes_first_and_the_others_in_the_campaigns_order(town, malee, names):
    assert chosen(town) == ("line", names["line"], "send")


def test_a_channel_the_person_left_gives_way_to_one_that_is_open(town, malee, names):
    close(town, "line", address=LINE_USER)
    assert chosen(town) == ("whatsapp", names["whatsapp"], "send")


def test_left_by_all_it_is_still_suppressed_and_not_without_an_address(town, malee, names):
    for channel in ("line", "whatsapp"):
        close(town, channel, contact_id=malee)
    close(town, "all", address=names["email"])
    assert chosen(town)[2] == "suppressed"


@pytest.mark.parametrize("state", ["revoked", "blocked"])
def test_a_line_user_who_is_not_confirmed_is_not_written_to(town, malee, names, state):
    town.connection.execute("update raw.journal__channel_addresses set state = ?", [state])
    assert chosen(town)[0] != "line"


# Preferred is LINE, which these campaigns do not use.
_OTHERS = [Channel.EMAIL, Channel.WHATSAPP]


def test_of_two_others_the_campaigns_order_decides_while_nothing_is_known(town, malee):
    assert chosen(town, _OTHERS)[0] == "email"


def test_of_two_others_the_one_with_an_open_window(town, malee):
    thread = {"conversation_id": "v", "contact_id": malee, "channel": "whatsapp", "address": "+66812345678"}
    until = {"opened_at": town.now, "window_open_until": town.now + timedelta(hours=1)}
    add(town.connection, "journal__conversations", {**thread, "status": "open", "message_count": 1, **until})

    assert chosen(town, _OTHERS)[0] == "whatsapp"


def test_of_two_others_the_one_where_she_answers(town, malee):
    town.settle()
    town.connection.execute("update marts.contact_engagement set whatsapp_replies_90d = 3, whatsapp_sent_90d = 5")

    assert chosen(town, _OTHERS, settles=False)[0] == "whatsapp"


def test_where_each_address_is_known_from_and_how_surely_is_a_table(town, malee, names):
    company = town.company()
    other = town.contact(company, email="", mobile="+66 81 999 8888")
    link(town, other, "revoked", "U" + "2" * 32)
    town.settle()
    build(town.connection, now=town.now, select=with_upstream("marts.contact_addresses"))
    query = "select contact_id, channel, state, source, confidence, is_used from marts.contact_addresses order by all"
    assert town.connection.execute(query).fetchall() == [
        (malee, "email", "stated", "crm", 0.8, True),
        (malee, "line", "confirmed", "line_code", 1.0, True),
        (malee, "whatsapp", "stated", "crm", 0.6, True),
        (other, "line", "revoked", "line_code", 1.0, False),
        (other, "whatsapp", "stated", "crm", 0.8, True),
    ]
