"""The words on the screen, in English and Thai, and times and amounts as their readers expect them."""

import html
import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

_LOCALES = Path(__file__).parent.parent / "locales"
LANGUAGES = {"en": "English", "th": "ไทย"}
_BUDDHIST_ERA = 543


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return every word of a language by key."""
    found = tomllib.loads((_LOCALES / f"{language}.toml").read_text())
    titles = found.pop("column")
    return found | {f"column_{name}": text for name, text in titles.items()}


def language() -> str:
    """Return the viewer's language."""
    return str(st.session_state.get("language", "en"))


def say(key: str, **values: object) -> str:
    """Return a text in the viewer's language. Raises KeyError for an unknown key: a test finds those."""
    return catalogue(language())[key].format(**values)


def title(column: str) -> str:
    """Return a column's title: its word where there is one, else its name made readable."""
    known = catalogue(language())
    name = column.removesuffix("_id")
    return known.get(f"column_{name}") or known.get(name) or name.replace("_", " ").capitalize()


def words(column: str) -> dict[str, str]:
    """Return the viewer's words for a column's values (an outcome, a channel, a status), for ``replace``.

    A mapping, because Polars calls functions in threads of its own, where no viewer is known.
    """
    start = f"{column}_"
    return {key.removeprefix(start): text for key, text in catalogue(language()).items() if key.startswith(start)}


def when(moment: datetime | None, zone: str = "Asia/Bangkok") -> str:
    """Show a time in Bangkok; Thai readers get the Buddhist era."""
    if moment is None:
        return "–"
    local = moment.astimezone(ZoneInfo(zone))
    year = local.year + _BUDDHIST_ERA if language() == "th" else local.year
    return f"{local:%d/%m}/{year} {local:%H:%M}"


def day(value: date | None) -> str:
    """Show a day; Thai readers get the Buddhist era."""
    if value is None:
        return "–"
    return f"{value:%d/%m}/{value.year + _BUDDHIST_ERA if language() == 'th' else value.year}"


def day_text(column: pl.Expr) -> pl.Expr:
    """Show a column of days so that it still sorts; Thai readers get the Buddhist era."""
    return pl.format("{}-{}", column.dt.year() + _era(), column.dt.strftime("%m-%d"))


def stamp(column: pl.Expr, zone: str) -> pl.Expr:
    """Show a column of times in the viewer's zone so that it still sorts; Thai readers get the Buddhist era."""
    local = column.dt.convert_time_zone(zone)
    return pl.format("{}-{}", local.dt.year() + _era(), local.dt.strftime("%m-%d %H:%M"))


def _era() -> int:
    return _BUDDHIST_ERA if language() == "th" else 0


def money(amount: Any, currency: str) -> str:
    """Show an amount with its currency: amounts of two currencies are never added."""
    return "–" if amount is None else f"{amount:,.0f} {currency}"


def same_tab(address: str, text: str) -> str:
    """Return a link that stays in its window, for ``st.html``: Streamlit's own links open another one."""
    return f'<a href="{html.escape(address, quote=True)}" style="font-weight:600">{html.escape(text)}</a>'


def share(part: float | None, whole: float | None) -> str:
    """Show a share in percent, or a dash."""
    return f"{100 * part / whole:.1f} %" if part is not None and whole else "–"
