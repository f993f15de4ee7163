"""*Data health* tells whether providers agree and what to do about a doubt, in both languages."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.clock import utc_now
from core.settings import load_settings
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from tests.warehouse.test_reconciliation import heard, message, total
from warehouse.build import build
from warehouse.publish import publish


def _page():
    import streamlit as st

    from core.settings import load_settings
    from dashboard.views import health
    from warehouse.publish import newest

    st.session_state["version"] = newest(load_settings().serve_dir)
    health.show()


@pytest.fixture
def page(warehouse, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()
    now = utc_now()
    yesterday = now.replace(hour=5) - timedelta(days=1)
    message(warehouse, "a", "whatsapp", accepted_at=yesterday)
    heard(warehouse, "a")
    message(warehouse, "b", "whatsapp", accepted_at=None, claimed_at=yesterday, status="in_doubt", reason="timeout")

    def show(language, counted):
        total(warehouse, "whatsapp", counted, template="renewal_30", day=yesterday.date())
        build(warehouse, now=now)
        publish(warehouse, load_settings().serve_dir, now)
        test = AppTest.from_function(_page, default_timeout=60)
        test.session_state["language"] = language
        return test.run()

    yield show
    load_settings.cache_clear()


@pytest.mark.parametrize(("language", "word"), [("en", "Explained by messages in doubt"), ("th", "อธิบายได้")])
def test_doubts_that_explain_a_difference_are_no_alarm_and_say_what_to_do(page, language, word):
    shown = page(language, counted=2)

    assert not shown.exception
    (counts,) = (frame.value for frame in shown.dataframe if "state" in frame.value.columns)
    assert counts["state"].str.startswith(word).all() and len(counts) == 2
    assert any("bma doubt settle" in text.value for text in shown.markdown)
    assert not [text for text in shown.warning if "bma reconcile" in text.value]


@pytest.mark.parametrize(("language", "kind"), [("en", "Country"), ("th", "ประเทศ")])
def test_a_value_that_cannot_be_used_is_listed_but_hidden_from_who_may_not_see_it(page, warehouse, language, kind):  # noqa: F811
    add(warehouse, "crm__companies", {"id": "c9", "name": "Far Stay", "country": "Siam", "_is_deleted": False})
    shown = page(language, counted=2)

    assert not shown.exception
    (rejects,) = (frame.value for frame in shown.dataframe if "original_value" in frame.value.columns)
    assert rejects[["field", "original_value", "reject_type"]].values.tolist() == [["country", "•••", kind]]


def test_a_difference_that_nothing_explains_is_an_alarm(page):
    shown = page("en", counted=9)

    assert next(text.value for text in shown.warning if "bma reconcile" in text.value).startswith("2 counts differ")


@pytest.mark.parametrize(("language", "kind"), [("en", "Changed without a time"), ("th", "เปลี่ยนโดยไม่ลงเวลา")])
def test_what_the_crm_changed_unheard_is_shown_by_the_last_night_and_much_of_it_alarms(page, warehouse, language, kind):  # noqa: F811
    last, before = utc_now(), utc_now() - timedelta(days=1)
    add(warehouse, "crm__loads", {"table_name": "crm__drift", "mode": "full", "loaded_at": last})
    for number, night in [(0, before), *((number, last) for number in range(21))]:
        row = {"compared_at": night, "collection": "invoices", "kind": "silent", "entity_id": f"i{number}"}
        add(warehouse, "crm__drift", {**row, "fields": '["status"]', "compared_rows": 400})
    shown = page(language, counted=2)

    assert not shown.exception
    (drifted,) = (frame.value for frame in shown.dataframe if "drifted_rows" in frame.value.columns)
    assert drifted[["kind", "drifted_rows", "fields"]].values.tolist() == [[kind, 21, "status"]]
    assert any("crm-in-time.md" in text.value for text in shown.error)
