"""Tables are kept by all of their content; a tab asks nothing before somebody opens it."""

from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.parts.words import money


def _two_tables():
    import polars as pl
    import streamlit as st

    from dashboard.parts.show import table

    numbers = list(range(1000))
    numbers[500] = int(st.session_state["middle"])
    table(pl.DataFrame({"messages": numbers}), "numbers")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "–"),
        (Decimal(0), "0 THB"),
        (Decimal("0.0004"), "< 0.01 THB"),
        (Decimal("0.4"), "0.40 THB"),
        (Decimal("-12.5"), "-12.50 THB"),
        (Decimal("26600.00"), "26,600 THB"),
    ],
)
def test_small_amounts_are_shown_to_the_cent_and_none_as_nothing(amount: Decimal | None, shown: str) -> None:
    assert money(amount, "THB") == shown


def test_a_table_that_differs_in_one_row_of_its_middle_is_another_table():
    page = AppTest.from_function(_two_tables, default_timeout=30)
    shown = []
    for middle in (-1, -2, -1):
        page.session_state["middle"] = middle
        page.run()
        shown.append(page.dataframe[0].value["messages"][500])

    assert shown == [-1, -2, -1]


def _tabs():
    import streamlit as st

    from dashboard.parts.show import tabbed

    tabbed({"members": lambda: st.text("members asked"), "overlap": lambda: st.text("overlap asked")}, "test")


def test_a_tab_asks_when_it_is_opened_and_stays_behind_the_next():
    page = AppTest.from_function(_tabs, default_timeout=30).run()
    first = [each.value for each in page.text]
    page.session_state["tabs-test-en"] = "Overlap"
    page.run()

    assert first == ["members asked"]
    assert [each.value for each in page.text] == ["members asked", "overlap asked"]
