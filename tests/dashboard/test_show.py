"""Tables are kept by all of their content; a tab asks nothing before somebody opens it."""

from streamlit.testing.v1 import AppTest


def _two_tables():
    import polars as pl
    import streamlit as st

    from dashboard.parts.show import table

    numbers = list(range(1000))
    numbers[500] = int(st.session_state["middle"])
    table(pl.DataFrame({"messages": numbers}), "numbers")


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
