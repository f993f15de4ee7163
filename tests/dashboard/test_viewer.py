"""What a viewer sees by role, and when something goes wrong."""

import pytest
from sqlalchemy.exc import OperationalError
from streamlit.testing.v1 import AppTest

import dashboard.store
from core.clock import utc_now
from core.errors import PermanentError, TransientError
from core.people import Person, Tokens
from core.settings import load_settings
from core.store.tables import audit
from core.vocabulary import Role
from dashboard.parts.words import catalogue
from dashboard.sessions import SESSIONS
from dashboard.viewer import SignedOutError
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.publish import publish


def _customer():
    import streamlit as st

    from core.settings import load_settings
    from dashboard.views import customer
    from warehouse.publish import newest

    st.session_state["version"] = newest(load_settings().serve_dir)
    customer.show()


@pytest.fixture
def shown_to(warehouse, tmp_path, monkeypatch):  # noqa: F811
    """Return what draws the page of a company for somebody with a role."""
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    load_settings.cache_clear()
    dashboard.store.store.cache_clear()
    add(warehouse, "crm__companies", {"id": "c1", "name": "Siam Stay", "country": "Thailand", "_is_deleted": False})
    contact = {"id": "p1", "company": "c1", "name": "Malee", "email": "malee@hotel.example", "is_active": True}
    add(warehouse, "crm__contacts", {**contact, "_is_deleted": False})
    build(warehouse, now=utc_now())
    publish(warehouse, load_settings().serve_dir, utc_now())

    def draw(role):
        session = SESSIONS.open(Person("u1", "Ada", role), Tokens("", ""), float("inf"))
        test = AppTest.from_function(_customer, default_timeout=60)
        test.session_state["session_id"] = session.session_id
        test.session_state["tabs-customer-en"] = catalogue("en")["contacts"]
        return test.run()

    yield draw
    dashboard.store.store().dispose()
    dashboard.store.store.cache_clear()
    load_settings.cache_clear()


def test_contact_details_are_shown_to_marketers_alone_and_who_read_them_is_noted(shown_to):
    emails = {}
    for role in Role:
        page = shown_to(role)
        assert not page.exception
        (contacts,) = (frame.value for frame in page.dataframe if "email" in frame.value.columns)
        emails[role] = contacts["email"].to_list()
    with dashboard.store.store().connect() as connection:
        lines = connection.execute(audit.select()).all()

    assert emails[Role.VIEWER] == emails[Role.ANALYST] == ["•••"]
    assert emails[Role.MARKETER] == emails[Role.ADMIN] == ["malee@hotel.example"]
    assert [(line.action, line.target) for line in lines] == [("read_contact_details", "company:c1")] * 2
    assert lines[0].detail["contacts"] == ["p1"]


def _trouble(error):
    from dashboard.parts.trouble import draw

    assert draw(error) is True


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SignedOutError("over"), "Your session has ended"),
        (TransientError("the file is locked by 4711"), "comes back by itself"),
        (OperationalError("select 1", {}, Exception("disk")), "comes back by itself"),
        (PermanentError("run `bma build`"), "run `bma build`"),
        (KeyError("malee@hotel.example"), "Tell an administrator the number"),
    ],
)
def test_an_error_is_said_in_words_without_what_only_the_log_may_know(error, words):
    page = AppTest.from_function(_trouble, args=(error,)).run()
    said = " ".join(each.value for each in [*page.info, *page.warning, *page.error])

    assert not page.exception
    assert words in said
    assert "4711" not in said and "malee" not in said
