"""Every page tells how old its copy is, in both languages, and reads encrypted copies too."""

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from core.clock import utc_now
from core.settings import load_settings
from tests.warehouse.conftest import add, warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.publish import publish

_APP = Path(dashboard.__file__).parent / "screen.py"


@pytest.mark.parametrize("key", ["", "it's a key"])
@pytest.mark.parametrize(("language", "words"), [("en", "Data is 42 min old"), ("th", "ข้อมูลเมื่อ 42 นาทีที่แล้ว")])
def test_the_sidebar_of_the_pages_shows_the_age_of_the_copy(warehouse, tmp_path, monkeypatch, language, words, key):  # noqa: F811
    monkeypatch.setenv("BMA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BMA_WAREHOUSE_KEY", key)
    monkeypatch.setenv("BMA_DASHBOARD_ROLE", "viewer")
    load_settings.cache_clear()
    add(warehouse, "crm__companies", {"id": "c1", "name": "Siam Stay", "country": "Thailand", "_is_deleted": False})
    then = utc_now() - timedelta(minutes=42)
    build(warehouse, now=then)
    publish(warehouse, load_settings().serve_dir, then, key)
    page = AppTest.from_file(str(_APP), default_timeout=120)
    page.session_state["language"] = language
    page.run()

    assert not page.exception
    assert words in [caption.value for caption in page.sidebar.caption]
    load_settings.cache_clear()
