"""Opens, clicks and unsubscribing: looking changes nothing, a link leads only where we stored it."""

import pytest

from core import tokens
from core.store.links import save_link
from tests.gateway.conftest import ADDRESSES

TARGET = "https://www.bmasia.example/renew"


@pytest.fixture
def link(sqlite_store, sent, now):
    with sqlite_store.begin() as connection:
        link_id = save_link(connection, TARGET, now)
    return f"/t/c/{tokens.sign('linksecret', 'click', sent['email'], link_id)}"


def pixel(message_id):
    return f"/t/o/{tokens.sign('linksecret', 'open', message_id)}.gif"


def test_a_click_goes_to_the_stored_place_and_is_counted(client, rows, link, sent):
    answer = client.get(link, headers={"user-agent": "Mozilla/5.0"})

    assert (answer.status_code, answer.headers["location"]) == (302, TARGET)
    (event,) = rows("events")
    assert (event["event_type"], event["message_id"], event["contact_id"]) == (
        "clicked",
        sent["email"],
        "contact-email",
    )
    assert event["detail"]["user_agent"] == "Mozilla/5.0"


def test_a_scanner_s_look_is_kept_apart_from_a_click(client, rows, link):
    client.head(link)
    client.get(link)

    assert sorted(row["provider_event_type"] for row in rows("events")) == ["clicked.get", "clicked.head"]


def test_the_same_hit_repeated_counts_once(client, rows, link):
    for _ in range(3):
        client.get(link)

    assert len(rows("events")) == 1


def test_who_follows_the_hidden_link_is_noted_and_led_nowhere(client, rows, sent):
    answer = client.get(f"/t/h/{tokens.sign('linksecret', 'honeypot', sent['email'])}")

    assert (answer.status_code, answer.headers.get("location")) == (200, None)
    (event,) = rows("events")
    assert (event["event_type"], event["link_id"], event["message_id"]) == ("clicked", "honeypot", sent["email"])
    assert client.get(f"/t/h/{tokens.sign('linksecret', 'open', sent['email'])}").status_code == 404


def test_looking_at_anything_decides_nothing_for_a_person(client, rows, link, sent):
    for kind, place in (("open", "/t/o/{}.gif"), ("honeypot", "/t/h/{}"), ("unsubscribe", "/u/{}")):
        for method in ("GET", "HEAD"):
            client.request(method, place.format(tokens.sign("linksecret", kind, sent["email"])))
    client.head(link)
    client.get(
        f"/p/{tokens.sign('linksecret', 'preferences', 'contact-email')}", params={"marketing": "", "rest": "all"}
    )

    assert rows("suppressions") == []
    assert {row["event_type"] for row in rows("events")} == {"opened", "clicked"}


@pytest.mark.parametrize("token", ["", "AAAA", "https://evil.example", "..%2f..%2fetc"])
def test_a_link_that_is_not_ours_leads_nowhere(client, rows, token):
    answer = client.get(f"/t/c/{token}", params={"url": "https://evil.example"})

    assert answer.status_code == 404
    assert rows("events") == []


def test_a_token_of_another_kind_opens_no_door(client, sent):
    token = tokens.sign("linksecret", "open", sent["email"])

    assert client.get(f"/t/c/{token}").status_code == 404
    assert client.post(f"/u/{token}").status_code == 404


def test_the_pixel_is_counted_and_shown_to_forgers_too(client, rows, sent):
    assert client.get(pixel(sent["email"])).headers["content-type"] == "image/gif"
    assert client.get("/t/o/forged.gif").status_code == 200
    assert [row["event_type"] for row in rows("events")] == ["opened"]


def test_looking_at_the_unsubscribe_page_changes_nothing(client, rows, sent):
    token = tokens.sign("linksecret", "unsubscribe", sent["email"])
    page = client.get(f"/u/{token}")

    assert page.status_code == 200
    assert "ยกเลิก" in page.text
    assert rows("events") == rows("suppressions") == []


def test_one_click_is_enough_and_doing_it_twice_is_the_same(client, rows, sent):
    address = f"/u/{tokens.sign('linksecret', 'unsubscribe', sent['email'])}"

    assert [client.post(address, data={"List-Unsubscribe": "One-Click"}).status_code for _ in range(2)] == [200, 200]
    (suppression,) = rows("suppressions")
    assert (suppression["address"], suppression["source"]) == (ADDRESSES["email"], "one_click")


def test_health_says_whether_the_store_answers(client, sqlite_store):
    assert client.get("/healthz").text == "OK"
    assert client.get("/readyz").status_code == 200
    assert client.get("/metrics").status_code == 200
