"""How things are laid out everywhere: a table with its exports, a chart with its table, tabs, an empty state.

What a table or a chart becomes for the browser is kept, by its content and the viewer's language: whoever looks at the
same numbers is not kept waiting until it is made again.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from core.settings import load_settings
from dashboard.parts.reasons import reason
from dashboard.parts.words import day_text, keyed, say, stamp, title, words
from reports import files
from reports.words import is_share

# Columns whose values are translated on screen, never in an export.
_WORDED = (
    *("outcome", "channel", "status", "state", "reject_type", "severity", "kind", "purpose", "measure"),
    *("urgency", "sentiment", "department", "delivery_state", "conversion", "category", "actor"),
)
_REASONS = ("reason", "basis")
_MOST_UNROLLED = 8
_KEPT = 500  # of each kind, those last asked for


def _content(frame: pl.DataFrame) -> bytes:
    """Return what a frame is known by. Streamlit's own hash looks at its first and last rows only."""
    return frame.write_ipc(None).getvalue()


_BY_CONTENT: dict[Any, Callable[[Any], Any]] = {
    pl.DataFrame: _content,
    partial: lambda draw: (draw.func.__qualname__, draw.args, draw.keywords),
}


def table(frame: pl.DataFrame, name: str, *, key: str = "") -> None:
    """Show a table with its exports: times and words as the viewer reads them, the files as the warehouse has them."""
    _table(frame, keyed(f"table-{name}{key}"))
    exports(frame, name, key=key)


@st.cache_data(max_entries=_KEPT, show_spinner=False, hash_funcs=_BY_CONTENT)
def _table(frame: pl.DataFrame, key: str) -> None:
    shown = _as_read(frame)
    st.dataframe(
        shown,
        width="stretch",
        height="auto" if len(shown) > _MOST_UNROLLED else "content",
        hide_index=True,
        column_config={name: _column(name, kind) for name, kind in shown.schema.items()},
        key=key,
        placeholder="–",
        alt=", ".join(title(column) for column in shown.columns),
    )


def _column(name: str, kind: Any) -> Any:
    if isinstance(kind, pl.Decimal):
        return st.column_config.NumberColumn(title(name), format="localized")
    if kind.is_float() and is_share(name):
        return st.column_config.NumberColumn(title(name), format="percent")
    return st.column_config.Column(title(name))


def exports(frame: pl.DataFrame, name: str, *, key: str = "") -> None:
    """Offer a table as files, made when somebody asks for one."""
    kinds = {"csv": files.csv_bytes, "xlsx": files.xlsx_bytes, "parquet": files.parquet_bytes}
    with st.container(horizontal=True, gap="small"):
        for kind, make in kinds.items():
            st.download_button(
                say(f"export_{kind}"),
                partial(make, frame),
                f"{name}.{kind}",
                key=f"{kind}-{name}{key}",
                icon=":material/download:",
                on_click="ignore",
            )


def chart(draw: "partial[Any]", frame: pl.DataFrame, name: str) -> None:
    """Show a chart, and under it the numbers it is drawn from. ``draw`` is a function of ``charts`` with its values."""
    _chart(draw, keyed(f"chart-{name}"))
    behind(frame, name)


@st.cache_data(max_entries=_KEPT, show_spinner=False, hash_funcs=_BY_CONTENT)
def _chart(draw: "partial[Any]", key: str) -> None:
    st.altair_chart(draw(), width="stretch", key=key)


def tabbed(parts: Mapping[str, Callable[[], None]], name: str) -> None:
    """Draw tabs, each titled by the word of its key, and in them what somebody has opened: nothing else is asked.

    An opened one is drawn on behind others, since a browser forgets what was typed into a field that is gone.
    """
    opened: set[str] = st.session_state.setdefault(f"opened-{name}", set())
    tabs = st.tabs([say(part) for part in parts], key=keyed(f"tabs-{name}"), on_change="rerun")
    for tab, (part, draw) in zip(tabs, parts.items(), strict=True):
        if tab.open:
            opened.add(part)
        if part in opened:
            with tab:
                draw()


def behind(frame: pl.DataFrame, name: str) -> None:
    """Offer the numbers behind a chart as a table."""
    with st.expander(say("as_table"), icon=":material/table:"):
        table(frame, name)


def say_of_cost(taken: pl.DataFrame) -> None:
    """Say of how many messages (``channel``, ``sent``, ``unpriced``) nobody knows what they cost, and what to do."""
    by_channel = taken.group_by("channel").agg(pl.col("sent", "unpriced").sum()).sort("channel")
    names = words("channel")
    missing = [
        f"{names.get(channel, channel)} {unpriced:,} / {sent:,}"
        for channel, sent, unpriced in by_channel.select("channel", "sent", "unpriced").iter_rows()
        if unpriced
    ]
    if missing:
        st.caption(say("cost_unknown", messages=", ".join(missing)))


def empty(key: str) -> None:
    """Say what to do when there is nothing to show."""
    st.info(say(key), icon=":material/lightbulb:")


def linked(parameter: str, options: list[str], label: str, names: dict[str, str]) -> str:
    """Let the viewer choose one of ``options`` and keep it in the address, so that a link opens the same."""
    asked, key = st.query_params.get(parameter, ""), keyed(f"choice-{parameter}")
    made_for_them = st.session_state.pop(f"chosen-{parameter}", None)
    if made_for_them in options:
        st.session_state[key] = made_for_them
    if st.session_state.get(key, asked) not in options:
        st.session_state.pop(key, None)
    chosen = st.selectbox(
        label,
        options,
        index=options.index(asked) if asked in options and made_for_them is None else 0,
        format_func=lambda option: names.get(option, option),
        key=key,
    )
    if chosen:
        st.query_params[parameter] = chosen
    return str(chosen or "")


def choose(parameter: str, option: str) -> None:
    """Choose in the viewer's place what ``linked`` shows next.

    The browser must be told: it holds its own last choice and sends that back with the next click.
    """
    st.session_state[f"chosen-{parameter}"] = option
    st.query_params[parameter] = option


def _as_read(frame: pl.DataFrame) -> pl.DataFrame:
    zone = load_settings().time_zone
    return frame.with_columns(
        *(
            stamp(pl.col(name), zone).alias(name)
            for name, kind in frame.schema.items()
            if isinstance(kind, pl.Datetime)
        ),
        *(day_text(pl.col(name)).alias(name) for name, kind in frame.schema.items() if kind == pl.Date),
        *(pl.col(name).replace(words(name)) for name in _WORDED if name in frame.columns),
        *(pl.col(name).replace(_reasons(frame[name])) for name in _REASONS if name in frame.columns),
    )


def _reasons(column: pl.Series) -> dict[str, str | None]:
    """Return how the viewer reads each reason of a column: there are few different ones."""
    return {each: reason(each) for each in column.unique().drop_nulls()}
