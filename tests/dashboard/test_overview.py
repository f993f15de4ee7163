"""*Overview* shows the metrics, not numbers of its own."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.clock import utc_now
from core.settings import load_settings
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.publish import publish


def _page():
    import streamlit as st

    from core.settings import load_settings
    from dashboard.views import overview
    from warehouse.publish import newest

    st.session_state["version"] = newest(load_settings().serve_dir)
    overview.show()


@pytest.fixture
def page(warehouse, tmp_path, monkeypatch):  # noqa: F811
    """Four emails taken, two of them delivered, one of these opened by a person; one older than the period."""
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()
    now = utc_now()
    for number, days in enumerate([1, 1, 1, 1, 60]):
        at = now - timedelta(days=days)
        status = "delivered" if number in {0, 1, 4} else "failed"
        message = {"message_id": f"m{number}", "channel": "email", "status": status, "accepted_at": at}
        add(warehouse, "journal__messages", message)
        if number in {0, 4}:
            event = {"event_id": f"e{number}", "message_id": f"m{number}", "channel": "email", "event_type": "opened"}
            agent = '{"user_agent": "Mozilla/5.0 Firefox/140.0"}'
            add(warehouse, "journal__events", event | {"occurred_at": at + timedelta(hours=1), "detail": agent})
    build(warehouse, now=now)
    publish(warehouse, load_settings().serve_dir, now)
    yield AppTest.from_function(_page, default_timeout=60).run()
    load_settings.cache_clear()


def test_rates_are_those_of_the_metrics_for_the_period_alone(page):
    assert not page.exception
    values = {card.label: card.value for card in page.metric}

    assert (values["Sent"], values["Opened by people"], values["Clicked by people"]) == ("4", "50.0 %", "0.0 %")
