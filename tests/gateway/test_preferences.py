"""Preferences: by purpose and channel, or a rest of 30 days; what was chosen holds for the very next message."""

import re
from datetime import timedelta
from itertools import count

import pytest

from core import tokens
from core.store import ledger, outbox, suppressions
from core.store.ledger import Message
from senders.gate import Gate
from tests.gateway.conftest import _row

ADDRESS = f"/p/{tokens.sign('linksecret', 'preferences', 'contact-email')}"
_LEASE = timedelta(minutes=1)


def chosen(page: str) -> dict[str, str]:
    return dict(re.findall(r"name='(\w+)' value='(\w+)' checked", page))


@pytest.fixture
def next_message(sqlite_store, now):
    """Claim the next message to the person, and say what speaks against it at the claim and right before the write."""

    numbers = count()

    def claim(channel="email", purpose="renewal", at=now):
        row = {
            **_row(f"0198c0de-1111-7000-8000-{next(numbers):012}", channel, "malee@hotel.example"),
            "purpose": purpose,
        }
        row["contact_id"] = "contact-email"
        with sqlite_store.begin() as connection:
            suppressions.lift_ended(connection, at)
            ledger.plan(connection, [row], at)
            (found,) = outbox.claim_fairly(connection, channel=channel, worker="w", limit=1, now=at, lease=_LEASE)
            against = suppressions.against_claimed(connection, channel, "w", at)
            ledger.release(connection, [found.message_id], "w", at)
            ledger.cancel(connection, found.message_id, reason="seen", at=at)
        return against.get(found.message_id), at_the_write(sqlite_store, found)

    return claim


def at_the_write(store, message: Message) -> str | None:
    gate = Gate(store)
    try:
        return gate.against(message, None)
    finally:
        gate.close()


def test_everything_is_chosen_until_the_person_says_otherwise(client):
    page = client.get(ADDRESS).text

    assert set(chosen(page).values()) == {"yes"}
    assert {"renewal", "marketing", "email", "whatsapp", "line"} <= chosen(page).keys()


@pytest.mark.parametrize(
    ("wish", "stopped", "goes"),
    [
        ({"marketing": "no"}, ("email", "marketing"), ("email", "renewal")),
        ({"email": "no"}, ("email", "renewal"), ("whatsapp", "renewal")),
        ({"marketing": "rest"}, ("line", "marketing"), ("line", "payment")),
        ({"line": "rest"}, ("line", "payment"), ("email", "payment")),
        ({"rest": "all"}, ("whatsapp", "payment"), None),
    ],
)
def test_what_is_chosen_holds_for_the_very_next_message(client, next_message, wish, stopped, goes):
    assert next_message(*stopped) == (None, None)
    client.post(ADDRESS, data=wish)

    assert all(next_message(*stopped))
    if goes is not None:
        assert next_message(*goes) == (None, None)


def test_a_rest_ends_after_thirty_days_and_a_no_does_not(client, next_message, now):
    client.post(ADDRESS, data={"marketing": "rest", "seasonal": "no"})

    assert all(next_message(purpose="marketing", at=now + timedelta(days=29)))
    assert next_message(purpose="marketing", at=now + timedelta(days=30)) == (None, None)
    assert all(next_message(purpose="seasonal", at=now + timedelta(days=90)))


def test_saving_the_same_again_changes_nothing_not_even_a_rest_s_end(client, rows):
    for _ in range(2):
        client.post(ADDRESS, data={"marketing": "rest", "email": "no"})
    first = rows("suppressions")
    client.post(ADDRESS, data=chosen(client.get(ADDRESS).text))

    assert rows("suppressions") == first
    assert len(first) == 2


def test_a_person_can_take_everything_back(client, rows, sent, next_message):
    client.post(f"/u/{tokens.sign('linksecret', 'unsubscribe', sent['email'])}", data={"List-Unsubscribe": "One-Click"})
    client.post(ADDRESS, data={"rest": "all"})
    assert chosen(client.get(ADDRESS).text)["email"] == "no"

    page = client.post(ADDRESS, data=dict.fromkeys(chosen(client.get(ADDRESS).text), "yes")).text
    assert set(chosen(page).values()) == {"yes"}
    assert next_message() == (None, None)
    assert all(row["lifted_at"] for row in rows("suppressions"))


def test_what_we_or_a_provider_know_is_not_taken_back_by_a_form(client, sqlite_store, now):
    with sqlite_store.begin() as connection:
        suppressions.add(
            connection,
            channel="email",
            address="malee@hotel.example",
            contact_id="contact-email",
            reason="complained",
            source="complaint",
            now=now,
        )
    page = client.post(ADDRESS, data={"email": "yes"}).text

    assert chosen(page)["email"] == "no"


@pytest.mark.parametrize(
    ("asked", "header", "language"),
    [
        ("", "th-TH,th;q=0.9,en;q=0.8", "th"),
        ("", "de,en;q=0.8", "en"),
        ("?lang=th", "en", "th"),
        ("?lang=xx", "", "en"),
    ],
)
def test_the_page_speaks_the_person_s_language(client, asked, header, language):
    page = client.get(ADDRESS + asked, headers={"accept-language": header}).text

    assert f"<html lang='{language}'>" in page
    assert ("ข่าวสาร" in page) is (language == "th")


@pytest.mark.parametrize("form", [{}, {"marketing": "perhaps"}, {"unknown": "no"}, {"marketing": ""}])
def test_a_form_that_chooses_nothing_changes_nothing(client, rows, form):
    assert client.post(ADDRESS, data=form).status_code == 200
    assert rows("suppressions") == []
