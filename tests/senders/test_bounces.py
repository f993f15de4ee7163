"""Real bounces: whose delivery failed, for good or not yet, as their collector says."""

import tomllib
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from core import tokens
from core.vocabulary import EventType
from senders.email.bounces import failures
from senders.email.events import translate

_FOLDER = Path(__file__).parent / "bounces"
EXPECTED = tomllib.loads((_FOLDER / "expected.toml").read_text())
_NOW = datetime(2026, 3, 2, tzinfo=UTC)
_MESSAGE = "0198c0de-0000-7000-8000-000000000001"


def test_every_mail_of_the_collection_is_expected_to_say_something() -> None:
    assert EXPECTED.keys() == {path.name for path in _FOLDER.glob("*.txt")}
    assert len(EXPECTED) == 117


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_bounce_names_whose_delivery_failed_and_whether_it_is_over(name: str) -> None:
    found = failures(message_from_bytes((_FOLDER / name).read_bytes(), policy=policy.default))

    assert sorted(each.address for each in found if each.is_over) == EXPECTED[name]["permanent"]
    assert sorted(each.address for each in found if not each.is_over) == EXPECTED[name]["temporary"]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_bounce_to_our_return_path_ends_the_message_if_it_is_over(name: str) -> None:
    to = f"bounces+{tokens.sign('secret', 'verp', _MESSAGE)}@b.us.example"
    raw = f"X-Original-To: {to}\n".encode() + (_FOLDER / name).read_bytes()
    if not EXPECTED[name]["permanent"] and not EXPECTED[name]["temporary"]:
        return  # it says nothing, not even to its collector

    events = translate(raw, received_at=_NOW, link_secret="secret")
    ends = [(EventType.BOUNCED, _MESSAGE)] if EXPECTED[name]["permanent"] else []
    assert [(event.event_type, event.message_id) for event in events] == ends


def test_a_report_that_a_server_gave_up_trying_ends_the_message_and_leaves_the_address() -> None:
    to = f"bounces+{tokens.sign('secret', 'verp', _MESSAGE)}@b.us.example"
    raw = f"X-Original-To: {to}\n".encode() + (_FOLDER / "dsn_02.txt").read_bytes()

    (event,) = translate(raw, received_at=_NOW, link_secret="secret")
    assert (event.detail["error_code"], event.detail["permanent"]) == ("4.4.7", False)


def test_a_bounce_that_proves_nothing_is_told_and_suppresses_nobody() -> None:
    (event,) = translate((_FOLDER / "postfix_01.txt").read_bytes(), received_at=_NOW, link_secret="secret")

    assert (event.address, event.message_id, event.detail["permanent"]) == ("xxxxx@local.ie", None, False)
