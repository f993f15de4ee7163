"""*Conversations*: who waits and until when, the mood, an answer sent once and seen at once, and who may not answer."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import dashboard.store
from core.clock import utc_now
from core.ids import derived_id
from core.people import Person, Tokens
from core.settings import load_settings
from core.store import effects, suppressions
from core.store.events import Event, record
from core.store.tables import audit, channel_addresses, messages
from core.vocabulary import Channel, EventType, Role
from dashboard.sessions import SESSIONS
from pipelines import journal
from tests.warehouse.conftest import add, make_raw_tables
from warehouse.build import build
from warehouse.connect import connect
from warehouse.publish import publish

NUMBER = "+66812345678"
THREAD = derived_id("conversation", "whatsapp", NUMBER)


def _page():
    import streamlit as st

    from core.settings import load_settings
    from dashboard.views import conversations
    from warehouse.publish import newest

    st.session_state["version"] = newest(load_settings().serve_dir)
    conversations.show()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store and a published copy in which Malee wrote on WhatsApp two hours ago that no music plays."""
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()
    dashboard.store.store.cache_clear()
    engine, now = dashboard.store.store(), utc_now()
    known = {"contact_id": "p1", "channel": "whatsapp", "address": NUMBER, "state": "confirmed", "source": "crm"}
    event = Event(
        event_id="e1",
        channel=Channel.WHATSAPP,
        event_type=EventType.REPLIED,
        occurred_at=now - timedelta(hours=2),
        provider_event_type="text",
        address=NUMBER,
        contact_id="p1",
        detail={"text": "เพลงไม่เล่น บริการแย่มาก"},
    )
    with engine.begin() as connection:
        connection.execute(sa.insert(channel_addresses).values(**known, confidence=1.0, updated_at=now))
        new = record(connection, [event], received_at=now, now=now)
        effects.apply_all(connection, new, now)
    journal.load(engine, data_dir=tmp_path, warehouse_path=load_settings().warehouse_path, now=now)
    with connect(load_settings().warehouse_path) as warehouse:
        make_raw_tables(warehouse)
        add(warehouse, "crm__companies", {"id": "c1", "name": "Siam Stay", "_is_deleted": False})
        person = {"id": "p1", "company": "c1", "name": "Malee", "is_active": True, "_is_deleted": False}
        add(warehouse, "crm__contacts", person)
        sent = {"message_id": "m1", "campaign_id": "renewal", "run_id": "r1", "step": "renewal_30", "contact_id": "p1"}
        sent |= {"channel": "line", "status": "accepted", "planned_at": now - timedelta(hours=3)}
        add(warehouse, "journal__messages", sent | {"accepted_at": now - timedelta(hours=3)})
        build(warehouse, now=now)
        publish(warehouse, load_settings().serve_dir, now)
    yield engine
    engine.dispose()
    dashboard.store.store.cache_clear()
    load_settings.cache_clear()


def _open(role=Role.MARKETER):
    session = SESSIONS.open(Person("u1", "Ada", role), Tokens("", ""), float("inf"))
    test = AppTest.from_function(_page, default_timeout=60)
    test.session_state["session_id"] = session.session_id
    return test.run()


def _said(page):
    return [each.value for each in page.text]


def _button(page, label):
    return next(each for each in page.button if each.label == label)


def test_who_waits_is_listed_with_urgency_mood_and_what_is_left_of_the_promise(store):
    page = _open()

    assert not page.exception
    (row,) = page.dataframe[0].value.to_dict("records")
    assert (row["urgency"], row["sentiment"], row["promise"]) == ("High (1 h)", "Negative", "Late")
    assert row["waited_minutes"] == 120 and -62 <= row["minutes_left"] <= -60
    assert {card.label: card.value for card in page.metric}["Promise broken"] == "1"


def test_what_a_campaign_sent_stands_in_the_thread_under_the_campaigns_name(store):
    page = _open()

    assert "Message of the campaign Contract renewal · renewal_30" in _said(page)


def test_an_answer_is_sent_once_and_stands_in_the_thread_at_once(store):
    page = _open()
    _button(page, "Music is not playing").click().run()
    (area,) = page.text_area
    assert area.value.startswith("ขอบคุณที่แจ้งให้ทราบค่ะ คุณMalee")
    _button(page, "Send").click().run()

    assert not page.exception
    assert any("on its way" in each.value for each in page.success)
    with store.connect() as connection:
        (message,) = connection.execute(sa.select(messages)).mappings()
        actions = connection.execute(sa.select(audit.c.action)).scalars().all()
    assert (message["status"], message["address"], message["priority"]) == ("planned", NUMBER, 1)
    assert "reply" in actions
    assert message["variables"]["text"] in _said(page)
    assert page.text_area[0].value in ("", None)


def test_outside_the_window_and_after_an_opt_out_the_page_says_why_and_offers_nothing(store):
    with store.begin() as connection:
        suppressions.add(
            connection,
            channel="whatsapp",
            address=NUMBER,
            contact_id=None,
            reason="said stop",
            source="whatsapp_stop",
            now=utc_now(),
        )
    opted_out = _open()
    with store.begin() as connection:
        connection.execute(sa.text("update conversations set window_open_until = '2026-01-01 00:00:00'"))
    late = _open()

    assert any("said stop" in each.value for each in opted_out.info)
    assert any("approved template" in each.value for each in late.info)
    assert not opted_out.text_area and not late.text_area


def test_who_is_no_marketer_reads_and_cannot_answer(store):
    page = _open(Role.VIEWER)

    assert not page.exception
    assert not page.text_area
    assert not [each for each in page.button if each.label in {"Send", "Hand over", "Close"}]
    assert "เพลงไม่เล่น บริการแย่มาก" not in _said(page)


def test_a_thread_is_handed_over_and_closed(store):
    page = _open()
    page.selectbox[1].select("finance").run()
    _button(page, "Hand over").click().run()
    _button(page, "Close").click().run()

    with store.connect() as connection:
        row = connection.execute(sa.text("select status, department from conversations")).one()
        actions = set(connection.execute(sa.select(audit.c.action)).scalars())
    assert tuple(row) == ("closed", "finance")
    assert {"assign_conversation", "close_conversation"} <= actions
