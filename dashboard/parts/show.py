"""How things are laid out everywhere: a table with its exports, a chart with its table beside it, an empty state."""

import io
from typing import Any

import polars as pl
import streamlit as st

from core.settings import load_settings
from dashboard.parts.words import day_text, keyed, say, stamp, title, words

# Columns whose values are translated on screen, never in an export.
_WORDED = (
    "outcome",
    "channel",
    "status",
    "state",
    "reject_type",
    "severity",
    "kind",
    "purpose",
    "measure",
    "conversion",
    "category",
)
_MOST_UNROLLED = 8
_SHARES = ("_rate", "_rate_human", "_rate_raw", "_share", "lift", "lift_low", "lift_high")


def table(frame: pl.DataFrame, name: str, *, key: str = "") -> None:
    """Show a table with its exports: times and words as the viewer reads them, the files as the warehouse has them."""
    shown = _as_read(frame)
    columns = {name: _column(name, kind) for name, kind in shown.schema.items()}
    st.dataframe(
        shown,
        width="stretch",
        height="auto" if len(shown) > _MOST_UNROLLED else "content",
        hide_index=True,
        column_config=columns,
        key=f"table-{name}{key}",
        placeholder="–",
        alt=", ".join(title(column) for column in shown.columns),
    )
    exports(frame, name, key=key)


def _column(name: str, kind: Any) -> Any:
    if isinstance(kind, pl.Decimal):
        return st.column_config.NumberColumn(title(name), format="localized")
    if kind.is_float() and name.endswith(_SHARES):
        return st.column_config.NumberColumn(title(name), format="percent")
    return st.column_config.Column(title(name))


def exports(frame: pl.DataFrame, name: str, *, key: str = "") -> None:
    """Offer a table as files, made when somebody asks for one."""
    flat = frame.select(pl.all().exclude(pl.List, pl.Struct))
    with st.container(horizontal=True, gap="small"):
        for kind, make in (("csv", flat.write_csv), ("xlsx", lambda: _xlsx(flat)), ("parquet", lambda: _parquet(flat))):
            st.download_button(
                say(f"export_{kind}"),
                make,
                f"{name}.{kind}",
                key=f"{kind}-{name}{key}",
                icon=":material/download:",
                on_click="ignore",
            )


def chart(drawn: Any, frame: pl.DataFrame, name: str) -> None:
    """Show a chart, and under it the numbers it is drawn from."""
    st.altair_chart(drawn, width="stretch", key=f"chart-{name}")
    behind(frame, name)


def behind(frame: pl.DataFrame, name: str) -> None:
    """Offer the numbers behind a chart as a table."""
    with st.expander(say("as_table"), icon=":material/table:"):
        table(frame, name)


def empty(key: str) -> None:
    """Say what to do when there is nothing to show."""
    st.info(say(key), icon=":material/lightbulb:")


def linked(parameter: str, options: list[str], label: str, names: dict[str, str]) -> str:
    """Let the viewer choose one of ``options`` and keep it in the address, so that a link opens the same."""
    asked, key = st.query_params.get(parameter, ""), keyed(f"choice-{parameter}")
    if st.session_state.get(key, asked) not in options:
        st.session_state.pop(key, None)
    chosen = st.selectbox(
        label,
        options,
        index=options.index(asked) if asked in options else 0,
        format_func=lambda option: names.get(option, option),
        key=key,
    )
    if chosen:
        st.query_params[parameter] = chosen
    return str(chosen or "")


def choose(parameter: str, option: str) -> None:
    """Choose in the viewer's place what ``linked`` shows next."""
    st.session_state.pop(keyed(f"choice-{parameter}"), None)
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
    )


def _xlsx(flat: pl.DataFrame) -> bytes:
    book = io.BytesIO()
    flat.with_columns(pl.selectors.datetime(time_zone="*").dt.replace_time_zone(None)).write_excel(book)
    return book.getvalue()


def _parquet(flat: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    flat.write_parquet(file)
    return file.getvalue()
