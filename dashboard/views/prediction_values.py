"""Lifetime values: what companies may be worth in the next three years, one currency at a time."""

from functools import partial

import polars as pl
import streamlit as st

from dashboard.data import ask
from dashboard.parts.prediction_charts import intervals
from dashboard.parts.show import chart, empty, table
from dashboard.parts.words import day, keyed, money, say, words

_SHOWN = 15


def lifetime_values() -> None:
    """Draw the tab."""
    found = ask("lifetime_list")
    if found.is_empty():
        empty("too_few_contracts")
        return
    st.caption(say("lifetime_help"))
    currencies = found["currency"].unique().sort().to_list()
    chosen = st.segmented_control(
        say("currency"), currencies, default=currencies[0], key=keyed("lifetime_currency"), required=True
    )
    told = found.filter(pl.col("currency") == chosen).with_columns(pl.col("made_of").replace(words("made_of")))
    cards = st.columns(2)
    cards[0].metric(say("worth_together"), money(told["lifetime_value"].sum(), chosen), border=True)
    cards[1].metric(say("companies"), len(told), border=True)
    _was_it_right(chosen)
    most = told.head(_SHOWN)
    names = ("lifetime_value", "lifetime_low", "lifetime_high")
    drawn = partial(
        intervals,
        most.with_columns(pl.col(names).cast(pl.Float64)),
        names,
        f"{say('lifetime_value')} ({chosen})",
        ",.0f",
    )
    chart(drawn, most.select("name", *names, "currency"), "lifetime_most")
    table(told.drop("company_id"), "lifetime")


def _was_it_right(currency: str) -> None:
    outcomes = ask("prediction_outcomes").filter(
        (pl.col("model_id") == "lifetime_value") & (pl.col("currency") == currency)
    )
    for row in outcomes.iter_rows(named=True):
        st.markdown(
            say(
                "lifetime_outcome",
                since=day(row["window_from"]),
                until=day(row["window_until"]),
                predicted=money(row["predicted"], currency),
                happened=money(row["happened"], currency),
            )
            + " "
            + words("verdict")[row["verdict"]]
        )
