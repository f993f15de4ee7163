"""Customer: one company on one page, with everything that was decided and everything that happened."""

import streamlit as st

from dashboard.data import ask
from dashboard.parts.show import empty, table
from dashboard.parts.words import say


def show() -> None:
    """Draw the page."""
    st.title(say("customer"))
    text = st.text_input(say("search_company"), key="search", placeholder=say("search_hint"))
    found = ask("companies", text=text)
    if found.is_empty():
        empty("no_company")
        return
    names = {row["company_id"]: f"{row['name']} · {row['country']}" for row in found.iter_rows(named=True)}
    company_id = st.selectbox(say("company"), list(names), format_func=lambda key: names[key])
    company = ask("company", company_id=company_id).row(0, named=True)
    cards = [*st.columns(3), *st.columns(2)]
    cards[0].metric(say("zones"), company["zone_count"], border=True)
    cards[1].metric(say("offline_now"), company["offline_zone_count"], border=True)
    cards[2].metric(say("contract_value"), f"{company['contract_value']:,.0f} {company['currency']}", border=True)
    cards[3].metric(say("overdue"), f"{company['overdue_amount']:,.0f} {company['currency']}", border=True)
    cards[4].metric(say("next_renewal"), str(company["next_renewal_date"] or "–"), border=True)
    st.subheader(say("timeline"))
    table(ask("company_timeline", company_id=company_id), "timeline")
    for part in ("contacts", "contracts", "invoices", "zones"):
        st.subheader(say(part))
        table(ask(f"company_{part}", company_id=company_id), part)
