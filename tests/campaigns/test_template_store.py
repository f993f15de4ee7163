"""Templates that people write: kept in versions, sent in place of the product's, never changing what was sent."""

import asyncio
import json
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa

from campaigns import template_store, templates
from campaigns.playbooks import read_playbook
from campaigns.template_store import TemplateError
from core.clock import utc_now
from core.errors import PermanentError
from core.store import ledger
from core.store.tables import templates as table
from core.store.templates import load_template, save_shipped
from core.vocabulary import Channel
from senders.email.send import EmailSender
from senders.line.send import LineSender
from senders.worker import run_worker
from tests.core.test_ledger import row
from tests.senders.mail_peer import MailPeer
from tests.senders.peers import HttpPeer, http
from tests.senders.test_adapter_exam import IDENTITY
from tests.senders.test_template_check import PAGE
from tests.senders.working import OPTIONS, statuses

EMAIL, LINE, WHATSAPP = Channel.EMAIL, Channel.LINE, Channel.WHATSAPP
BUTTON = {"label": "ต่อสัญญา", "url": "https://www.bmasia.example/renew"}
OWN = {
    "required": ["contact_name", "days_left"],
    "whatsapp": ["contact_name", "days_left"],
    "th": {
        "subject": "เรียน {{ contact_name }}",
        "text": "เรียน {{ contact_name }} เหลือ {{ days_left }} วัน",
        "mjml": PAGE,
        "button": BUTTON,
        "flex": {
            "alt_text": "เหลือ {{ days_left }} วัน",
            "contents": {
                "type": "bubble",
                "body": {
                    "type": "box",
                    "layout": "vertical",
                    "contents": [{"type": "text", "text": "เรียน {{ contact_name }}", "wrap": True}],
                },
                "footer": {
                    "type": "box",
                    "layout": "vertical",
                    "contents": [
                        {"type": "button", "action": {"type": "uri", "label": "ดู", "uri": "{{ button_url }}"}}
                    ],
                },
            },
        },
    },
}
VARIABLES = {"contact_name": "มาลี <b>& Co", "days_left": 2}


def save(store: sa.Engine, template=OWN, channels=(EMAIL, LINE, WHATSAPP), template_id="own"):
    return template_store.save(store, template_id, template, channels, actor="user:nok", now=utc_now())


def changed(text):
    return {**OWN, "th": {**OWN["th"], "text": text}}


def versions(store):
    with store.connect() as connection:
        query = sa.select(table.c.channel, table.c.version, table.c.saved_by, table.c.provider_status)
        return sorted(tuple(each) for each in connection.execute(query.where(table.c.template_id == "own")))


def test_a_change_is_a_new_version_and_the_old_one_stays_as_it_was_sent(sqlite_store):
    first = save(sqlite_store)
    assert save(sqlite_store) == first
    second = save(sqlite_store, changed("อีกแบบ {{ contact_name }}"))

    assert first == dict.fromkeys([("own", channel, "th") for channel in ("email", "line", "whatsapp")], 1)
    assert set(second.values()) == {2}
    with sqlite_store.connect() as connection:
        assert load_template(connection, "own", "line", "th", 1)["text"] == OWN["th"]["text"]
    assert [each[:2] for each in versions(sqlite_store)] == [
        (channel, version) for channel in ("email", "line", "whatsapp") for version in (1, 2)
    ]
    assert {each[2] for each in versions(sqlite_store)} == {"user:nok"}


def test_what_whatsapp_has_not_seen_waits_for_it_and_the_others_do_not(sqlite_store):
    save(sqlite_store)

    assert {each[0]: each[3] for each in versions(sqlite_store)} == {
        "email": "approved",
        "line": "approved",
        "whatsapp": "pending",
    }


def test_what_a_person_saved_stands_in_place_of_the_products_and_adds_languages(sqlite_store, now):
    shipped = templates.contents(read_playbook("renewal"))
    with sqlite_store.begin() as connection:
        before = save_shipped(connection, shipped, now)
    own = {**OWN, "required": ["contact_name", "days_left"]}
    save(sqlite_store, own, [LINE], template_id="renewal_30")
    english_only = {key: content for key, content in shipped.items() if key[2] == "en"}
    with sqlite_store.begin() as connection:
        after = save_shipped(connection, english_only, now)
        content = load_template(connection, "renewal_30", "line", "th", 2)

    assert after == {**before, ("renewal_30", "line", "th"): 2}
    assert content["text"] == OWN["th"]["text"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({**OWN, "en": {"text": "x" * 5001, "subject": "s"}}, "line in en: text has 5001"),
        ({**OWN, "required": ["contact_name"]}, "uses days_left"),
        ({**OWN, "requires": []}, "nobody knows requires"),
        ({"required": [], "whatsapp": []}, "no language"),
        ({"required": [], "en": {"text": "hello"}}, "lacks"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(sqlite_store, template, said):
    with pytest.raises(PermanentError, match=said) as caught:
        save(sqlite_store, template)

    assert versions(sqlite_store) == []
    if isinstance(caught.value, TemplateError):
        assert all(problem.said_th for some in caught.value.problems.values() for problem in some)


def send(store, channel, behaviour):
    """Plan one message of our own template, and send it to a server that listens; returns that server."""
    now = utc_now()
    address = "malee@hotel.example" if channel is EMAIL else "U" + "1" * 32
    place = {"channel": channel, "address": address, "template_id": "own", "language": "th", "variables": VARIABLES}
    with store.begin() as connection:
        ledger.plan(connection, [row(1, **place)], now)

    async def run():
        async with behaviour as peer:
            account = {"host": "127.0.0.1", "port": peer.port, "username": "", "password": "", "identity": IDENTITY}
            sender = (
                EmailSender(**account)
                if channel is EMAIL
                else LineSender(url=f"http://127.0.0.1:{peer.port}", token="t")
            )
            await run_worker(store, {channel: sender}, options=OPTIONS, clock=utc_now, until_idle=True)
            return peer

    return asyncio.run(asyncio.wait_for(run(), 30))


def test_an_email_of_ones_own_arrives_as_a_page_with_a_text_part_and_all_an_email_must_have(sqlite_store):
    save(sqlite_store)
    (taken,) = send(sqlite_store, EMAIL, MailPeer({})).accepted
    mail = message_from_bytes(taken, policy=policy.default)
    page, text = (mail.get_body((kind,)).get_content() for kind in ("html", "plain"))

    assert mail["Subject"] == "เรียน มาลี <b>& Co"
    assert text.startswith("เรียน มาลี <b>& Co เหลือ 2 วัน")
    assert "เรียน มาลี &lt;b&gt;&amp; Co" in page and "ด่วน" in page and "<mj-" not in page
    assert page.count("/t/c/") == 1 == page.count("/t/o/") == page.count("/t/h/")
    assert page.index("/u/") < page.index("/t/o/") < page.index("</body>")
    assert "/p/" in page and mail["List-Unsubscribe"].strip("<>") in page


def test_a_flex_message_goes_out_filled_with_its_link_tracked(sqlite_store):
    save(sqlite_store)
    peer = send(sqlite_store, LINE, HttpPeer(http(200, '{"sentMessages": [{"id": "1"}]}')))
    (message,) = json.loads(peer.taken[0].partition(b"\r\n\r\n")[2])["messages"]

    assert (message["type"], message["altText"]) == ("flex", "เหลือ 2 วัน")
    assert message["contents"]["body"]["contents"][0]["text"] == "เรียน มาลี <b>& Co"
    assert "/t/c/" in message["contents"]["footer"]["contents"][0]["action"]["uri"]
    assert statuses(sqlite_store) == {"accepted": 1}
