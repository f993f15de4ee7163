"""The one function that asks the published copy; every question is a file in ``queries/``."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from core.duck import session
from core.settings import load_settings
from core.vocabulary import Role
from dashboard.viewer import may
from warehouse import measure, publish

_QUERIES = Path(__file__).parent / "queries"


@st.cache_resource(max_entries=6, show_spinner=False)
def _open(path: str) -> Any:
    return publish.open_published(Path(path), load_settings().warehouse_key.get_secret_value())


def newest(serve_dir: Path) -> publish.Version | None:
    """Return the version to read, or None when nothing was published."""
    return publish.newest(serve_dir)


def ask(question: str, **parameters: Any) -> pl.DataFrame:
    """Run ``queries/<question>.sql`` on the viewer's copy; parameters are bound, never pasted."""
    return _ask(str(copy_path()), _text(question), tuple(sorted(parameters.items())))


def copy_path() -> Path:
    """Return the copy that the viewer may read: with contact details from the role marketer on, else masked."""
    version: publish.Version = st.session_state["version"]
    return version.path if may(Role.MARKETER) else version.masked_path


@cache
def _text(question: str) -> str:
    return (_QUERIES / f"{question}.sql").read_text()


def measured(
    metric: str,
    *,
    by: tuple[str, ...] = (),
    since: date | None = None,
    until: date | None = None,
    only: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Ask the same copy for a metric: its rows have ``by``, ``metric_value`` and, of a share, what was divided."""
    query, bound = measure.measure(metric, by=by, since=since, until=until, only=only)
    return asked(query, bound)


def asked(query: str, bound: Mapping[str, Any]) -> pl.DataFrame:
    """Run a query of the metric layer on the viewer's copy."""
    return _ask(str(copy_path()), query, tuple(sorted(bound.items())))


@st.cache_resource(max_entries=600, show_spinner=False)  # shared as it is: nobody changes a frame in place
def _ask(path: str, sql: str, parameters: tuple[tuple[str, Any], ...]) -> pl.DataFrame:
    return session(_open(path)).execute(sql, dict(parameters) or None).pl()  # type: ignore[no-any-return]


def age_minutes(version: publish.Version, now: datetime) -> int:
    """Return how old the copy is, in minutes."""
    return max(0, round((now - version.published_at).total_seconds() / 60))
