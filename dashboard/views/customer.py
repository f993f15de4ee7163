"""Customers: search, then one company on one page, with everything that was decided and everything that happened."""

from functools import partial

import polars as pl
import streamlit as st

from dashboard.data import ask
from dashboard.parts.audited import note_reading
from dashboard.parts.because import reasons_said
from dashboard.parts.show import empty, linked, tabbed, table
from dashboard.parts.words import day, money, say, words

_PARTS = ("timeline", "contacts", "contracts", "invoices", "zones", "tickets", "predictions", "scores")


def show() -> None:
    """Draw the page."""
    st.title(say("customer"))
    asked = st.query_params.get("company", "")
    text = st.text_input(say("search_company"), key="search", placeholder=say("search_hint"), icon=":material/search:")
    found = ask("search", text=text)
    names = {row["company_id"]: f"{row['name']} · {row['country']}" for row in found.iter_rows(named=True)}
    if asked and asked not in names and not text:
        known = ask("company", company_id=asked)
        names |= {row["company_id"]: f"{row['name']} · {row['country']}" for row in known.iter_rows(named=True)}
    if not names:
        empty("no_company")
        return
    if text:
        with st.expander(say("found", n=len(found)), expanded=len(found) > 1):
            table(found, "search")
    _company(linked("company", list(names), say("company"), names))


def _company(company_id: str) -> None:
    company = ask("company", company_id=company_id).row(0, named=True)
    currency = company["currency"]
    st.header(company["name"])
    place = " · ".join(
        str(company[name]) for name in ("industry", "city", "country", "billing_entity") if company[name]
    )
    st.caption(place)
    cards = [*st.columns(3), *st.columns(3)]
    cards[0].metric(say("zones"), company["zone_count"], border=True)
    cards[1].metric(say("offline_now"), company["offline_zone_count"], border=True)
    cards[2].metric(say("open_tickets"), company["open_ticket_count"], border=True)
    cards[3].metric(say("contract_value"), money(company["contract_value"], currency), border=True)
    cards[4].metric(say("overdue"), money(company["overdue_amount"], currency), border=True)
    cards[5].metric(say("next_renewal"), day(company["next_renewal_date"]), border=True)
    tabbed({part: partial(_part, part, company_id) for part in _PARTS}, "customer")


def _part(part: str, company_id: str) -> None:
    frame = ask(f"company_{part}", company_id=company_id)
    if frame.is_empty():
        empty("nothing_here")
        return
    if part == "contacts":
        note_reading(f"company:{company_id}", frame["contact_id"].to_list())
        frame = frame.drop("contact_id")
    table(_SAID[part](frame) if part in _SAID else frame, part)


def _worded(frame: pl.DataFrame) -> pl.DataFrame:
    """Say what happened in the viewer's words."""
    outcomes, events = words("outcome"), words("event")
    said = [
        say("decided_as", outcome=outcomes[what]) if kind == "outcome" else events.get(what, what)
        for kind, what in frame.select("kind", "what").iter_rows()
    ]
    marked = [
        f"{text} ({say('machine')})" if kind == "machine" else text
        for kind, text in zip(frame["kind"], said, strict=True)
    ]
    return frame.drop("kind").with_columns(pl.Series("what", marked))


_SAID = {"timeline": _worded, "predictions": reasons_said}
