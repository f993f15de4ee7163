"""The words on the screen, in English and Thai, and times and amounts as their readers expect them."""

import html
from datetime import date, datetime
from functools import cache
from typing import Any

import polars as pl
import streamlit as st

from reports.words import Words
from reports.words import catalogue as every_word

LANGUAGES = {"en": "English", "th": "ไทย"}
_SMALL, _CENT = 100, 0.01  # amounts below are shown to the cent, as what messages cost mostly is


def catalogue(language: str) -> dict[str, str]:
    """Return every word of a language by key."""
    return every_word(language)


@cache
def _words(language: str) -> Words:
    return Words(language)


def viewers_words() -> Words:
    """Return what is said to the viewer."""
    return _words(language())


def language() -> str:
    """Return the viewer's language."""
    return str(st.session_state.get("language", "en"))


def keyed(name: str) -> str:
    """Return a widget's key in the viewer's language: a browser sends back the words that it was shown."""
    return f"{name}-{language()}"


def say(key: str, **values: object) -> str:
    """Return a text in the viewer's language. Raises KeyError for an unknown key: a test finds those."""
    return viewers_words().say(key, **values)


def title(column: str) -> str:
    """Return a column's title: its word where there is one, else its name made readable."""
    return viewers_words().title(column)


def words(column: str) -> dict[str, str]:
    """Return the viewer's words for a column's values (an outcome, a channel, a status), for ``replace``.

    A mapping, because Polars calls functions in threads of its own, where no viewer is known.
    """
    return viewers_words().of_values(column)


def when(moment: datetime | None, zone: str = "Asia/Bangkok") -> str:
    """Show a time in Bangkok; Thai readers get the Buddhist era."""
    return viewers_words().when(moment, zone)


def day(value: date | None) -> str:
    """Show a day; Thai readers get the Buddhist era."""
    return viewers_words().day(value)


def day_text(column: pl.Expr) -> pl.Expr:
    """Show a column of days so that it still sorts; Thai readers get the Buddhist era."""
    return pl.format("{}-{}", column.dt.year() + _era(), column.dt.strftime("%m-%d"))


def stamp(column: pl.Expr, zone: str) -> pl.Expr:
    """Show a column of times in the viewer's zone so that it still sorts; Thai readers get the Buddhist era."""
    local = column.dt.convert_time_zone(zone)
    return pl.format("{}-{}", local.dt.year() + _era(), local.dt.strftime("%m-%d %H:%M"))


def _era() -> int:
    return viewers_words().era


def money(amount: Any, currency: str) -> str:
    """Show an amount with its currency: amounts of two currencies are never added."""
    if amount is None:
        return "–"
    if 0 < abs(amount) < _SMALL:
        return f"< 0.01 {currency}" if 0 < amount < _CENT else f"{amount:,.2f} {currency}"
    return f"{amount:,.0f} {currency}"


def same_tab(address: str, text: str) -> str:
    """Return a link that stays in its window, for ``st.html``: Streamlit's own links open another one."""
    return f'<a href="{html.escape(address, quote=True)}" style="font-weight:600">{html.escape(text)}</a>'


def share(part: float | None, whole: float | None) -> str:
    """Show a share in percent, or a dash."""
    return f"{100 * part / whole:.1f} %" if part is not None and whole else "–"
