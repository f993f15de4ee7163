"""*Reports*: chosen, kept, opened by its link, sent; who may not is not offered it, or told why."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.clock import utc_now
from core.settings import load_settings
from core.store import reports
from core.store.engine import open_store, reading
from core.store.tables import audit
from core.vocabulary import Role
from dashboard import store as opened
from reports.definition import Report, Schedule
from reports.keeping import save
from tests.reports.conftest import COUNTED, days_of_messages  # noqa: F401 -- a fixture

ALL_DAYS = Report(name="By channel", metrics=("sent", "replied"), by=("channel",), shape="table")


def _page():
    import streamlit as st

    from core.settings import load_settings
    from dashboard.views import reports
    from warehouse.publish import newest

    st.session_state["version"] = newest(load_settings().serve_dir)
    st.session_state["session_id"] = ""
    reports.show()


@pytest.fixture
def installation(tmp_path: Path, days_of_messages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:  # noqa: F811
    (tmp_path / "serve").symlink_to(days_of_messages)
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BMA_TEST_ADDRESSES", "boss@bma.example")

    def enter(role: Role, language: str = "en", **parameters: str) -> AppTest:
        monkeypatch.setenv("BMA_DASHBOARD_ROLE", str(role))
        load_settings.cache_clear()
        opened.store.cache_clear()
        page = AppTest.from_function(_page, default_timeout=60)
        page.session_state["language"] = language
        for key, value in parameters.items():
            page.query_params[key] = value
        page.run()
        return page

    yield enter
    opened.store().dispose()
    load_settings.cache_clear()
    opened.store.cache_clear()


def _keep(tmp_path: Path, report: Report = ALL_DAYS) -> str:
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.begin() as connection:
        kept = save(connection, report, actor="user:nok", role=Role.ADMIN, now=utc_now())
    engine.dispose()
    return kept


def _press(page: AppTest, label: str) -> AppTest:
    return next(each for each in page.button if each.label == label).click().run()


def test_what_is_chosen_is_kept_under_a_name_and_opened_by_its_link(installation: Any) -> None:
    choice = {"metric": "sent", "by": "channel", "chart": "table", "only_channel": "email"}
    page = installation(Role.MARKETER, **choice)
    page.text_input(key="report_name-new").set_value("Weekly").run()
    saved = _press(page, "Save as a new one")
    report_id = saved.query_params["report"]

    assert not saved.exception and saved.success[0].value == "Saved: Weekly."
    assert "metric" not in saved.query_params
    again = installation(Role.VIEWER, "th", report=report_id)
    assert not again.exception
    assert again.dataframe[0].value.to_dict("list") == {"channel": ["อีเมล"], "sent": [COUNTED["email"]]}
    assert not [each for each in again.text_input if (each.key or "").startswith("report_name")]


def test_a_changed_choice_of_a_kept_report_stays_in_the_address(installation: Any, tmp_path: Path) -> None:
    page = installation(Role.ANALYST, report=_keep(tmp_path))
    assert dict(zip(*page.dataframe[0].value[["channel", "sent"]].to_dict("list").values(), strict=True)) == {
        "Email": 5,
        "LINE": 3,
        "WhatsApp": 2,
    }

    box = next(each for each in page.selectbox if (each.key or "").startswith("report_only_channel"))
    changed = box.select("line").run()

    assert changed.dataframe[0].value["sent"].tolist() == [COUNTED["line"]]
    assert changed.query_params["only_channel"] == "line" and "report" in changed.query_params


def test_a_report_for_another_role_is_not_opened(installation: Any, tmp_path: Path) -> None:
    kept = _keep(tmp_path, ALL_DAYS.model_copy(update={"role": Role.MARKETER}))

    page = installation(Role.ANALYST, report=kept)

    assert not page.exception and [each.value for each in page.warning] and "report" not in page.query_params


def test_only_marketers_schedule_and_only_to_staff(installation: Any) -> None:
    analyst = installation(Role.ANALYST)
    assert not analyst.toggle

    page = installation(Role.MARKETER)
    page.text_input(key="report_name-new").set_value("Daily").run()
    page.toggle(key="report_by_email-new").set_value(True).run()
    page.text_input(key="report_to-new").set_value("guest@hotel.example").run()
    refused = _press(page, "Save as a new one")
    assert [each.value for each in refused.error] and not refused.success
    page.text_input(key="report_to-new").set_value("boss@bma.example").run()
    saved = _press(page, "Save as a new one")

    assert saved.success and not saved.error
    with reading(opened.store()) as connection:
        (kept,) = reports.list_all(connection)
        lines = connection.execute(audit.select()).mappings().all()
    assert kept.content["schedule"]["to"] == ["boss@bma.example"] and kept.owner == "user:demo"
    assert [line["action"] for line in lines] == ["save_report"]


def test_an_email_that_did_not_go_out_is_shown_with_the_reason(installation: Any, tmp_path: Path) -> None:
    schedule = Schedule(cron="0 8 * * 1", to=("boss@bma.example",))
    kept = _keep(tmp_path, ALL_DAYS.model_copy(update={"schedule": schedule}))

    sent = _press(installation(Role.ADMIN, report=kept), "Send now")  # as it is not their own: an administrator

    assert not sent.exception and [each.value for each in sent.error] == [
        "0 of 1 emails were sent; what became of each is listed below."
    ]
    shown = sent.dataframe[-1].value
    assert shown["delivery_state"].tolist() == ["Waits, is tried again"]
    assert "email is closed" in shown["reason"][0] and shown["address"].tolist() == ["boss@bma.example"]
