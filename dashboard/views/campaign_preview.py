"""What a campaign would do now: who falls out and why, what people would read, what it costs and how long it takes."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from campaigns import forecast, preview
from core.settings import load_settings
from dashboard.parts import charts
from dashboard.parts.audited import note_reading
from dashboard.parts.show import chart, empty, table
from dashboard.parts.words import say, words


def show_preview(look: preview.Look) -> None:
    """Draw the answers to every question, from one look."""
    settings = load_settings()
    fall = preview.waterfall(look)
    if fall.is_stale:
        st.warning(say("preview_stale"), icon=":material/schedule:")
    cards = st.columns(3)
    cards[0].metric(say("audience"), f"{fall.audience:,}", border=True)
    cards[1].metric(say("will_send"), f"{fall.will_send:,}", border=True)
    whole = preview.completeness(look)
    cards[2].metric(say("complete"), f"{whole.complete:,} / {whole.messages:,}", border=True)
    outcomes = pl.DataFrame(
        {"outcome": [each.outcome for each in fall.falls], "contacts": [each.contacts for each in fall.falls]},
        schema={"outcome": pl.String, "contacts": pl.Int64},
    )
    if outcomes.is_empty():
        empty("nobody_in")
        return
    chart(partial(charts.waterfall, outcomes), outcomes, "preview")
    _part("blanks", whole.blanks, drop=("contact_id",))
    _part("forecast_overlap", forecast.overlap(look))
    _cost(forecast.cost(look, settings.prices_file))
    _part("quotas", [forecast.quota(look)])
    _part("duration", forecast.duration(look, settings.limits_file))
    _part("expected", forecast.expected(look))
    _texts(look)


def _cost(found: list[forecast.Cost]) -> None:
    _part("cost", found, drop=("note",))
    for each in found:
        if each.amount is None:
            named = [(words("channel"), each.channel), ({}, each.country), (words("category"), each.category)]
            what = " ".join(known.get(word, word) for known, word in named if word)
            st.warning(say("no_price", what=what), icon=":material/sell:")


def _part(key: str, found: list[Any], drop: tuple[str, ...] = ()) -> None:
    if not found:
        return
    st.markdown(f"**{say(key)}**")
    rows = [{name: _plain(value) for name, value in asdict(each).items() if name not in drop} for each in found]
    table(pl.DataFrame(rows, infer_schema_length=None), f"preview_{key}")


def _plain(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _texts(look: preview.Look) -> None:
    """Show what the first person who would be written to reads, in every language and channel."""
    found = look.connection.execute(
        "select contact_id, contact_name from verdicts where outcome = 'send' order by contact_id limit 1"
    ).fetchone()
    if found is None:
        return
    contact_id, name = found
    note_reading(f"preview:{contact_id}", [contact_id])
    st.markdown(f"**{say('would_read', name=name)}**")
    for each in preview.as_contact(look, contact_id):
        with st.container(border=True):
            st.caption(f"{words('channel').get(each.channel, each.channel)} · {each.language}")
            if each.problem:
                st.warning(each.problem, icon=":material/rule:")
                continue
            if each.subject:
                st.markdown("**:material/mail:**")
                st.text(each.subject)
            st.text(each.text)
            if each.button:
                st.caption(each.button)
