"""A segment as rules: conditions put together, counted at once on the published copy, kept in the store."""

from typing import Any

import polars as pl
import streamlit as st
import yaml

from campaigns import segments
from campaigns.rules.catalogue import Field, person_fields
from core.clock import utc_now
from core.errors import PermanentError
from core.vocabulary import Role
from dashboard.looking import over_copy
from dashboard.parts.show import empty, table
from dashboard.parts.words import keyed, language, say
from dashboard.store import store
from dashboard.viewer import actor, may

_NEW = {"segment_id": "my_segment", "name": "My segment", "name_th": "กลุ่มของฉัน", "where": {"all": []}}
_SAMPLE = """
    select contact.name as contact, company.name as company, company.country, members.subject_type, members.reason
    from members
    left join marts.contacts as contact on contact.contact_id = members.contact_id
    left join marts.companies as company on company.company_id = members.company_id
    order by company.name, contact.name limit 50
"""
_DAYS = frozenset({"in_next_days", "in_last_days", "more_than_days_ahead", "more_than_days_ago", "more_than_hours_ago"})
_FLAGS = frozenset({"is_known", "in_future"})
_MANY = frozenset({"in", "not_in", "between"})


@st.fragment
def rules() -> None:
    """Draw the builder."""
    st.caption(say("rules_help"))
    library = segments.open_library(store())
    written = {each.segment_id: each.text for each in library.segments.values() if each.rules is not None}
    start = st.selectbox(
        say("start_from"), ["", *written], format_func=lambda key: key or say("new_segment"), key=keyed("rules_start")
    )
    if st.session_state.get("rules_of") != start:
        st.session_state["rules_of"] = start
        st.session_state["rules_text"] = written.get(start) or _as_text(_NEW)
    _add_condition()
    text = st.text_area(say("definition"), key="rules_text", height=280)
    try:
        content = yaml.safe_load(text)
        members, sample = _count(text, library)
    except (PermanentError, yaml.YAMLError) as error:
        st.warning(str(error), icon=":material/rule:")
        return
    st.metric(say("members_now"), f"{members:,}", border=True)
    if sample.is_empty():
        empty("nobody_in")
    else:
        st.caption(say("sample_help", n=len(sample)))
        table(sample, "sample")
    _save(content)


def _as_text(content: Any) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _count(text: str, library: segments.Library) -> tuple[int, pl.DataFrame]:
    content = yaml.safe_load(text)
    whole = _as_text({**content, "version": content.get("version", 1)}) if isinstance(content, dict) else text
    segment = segments.from_text(whole, say("definition"))
    with over_copy() as connection:
        segments.find_members(connection, segment, utc_now(), library)
        (members,) = connection.execute("select count(distinct contact_id) from members").fetchone()
        return int(members), connection.execute(_SAMPLE).pl()


def _add_condition() -> None:
    fields = person_fields()
    labels = {key: each.label_th if language() == "th" else each.label for key, each in fields.items()}
    with st.expander(say("add_condition"), icon=":material/add:", expanded=True):
        left, middle, right = st.columns(3)
        name = left.selectbox(say("field"), list(fields), format_func=lambda key: labels[key], key=keyed("rule_field"))
        field = fields[name]
        operator = middle.selectbox(
            say("comparison"),
            field.operators,
            format_func=lambda key: say(f"operator_{key}"),
            key=keyed(f"rule_operator_{name}"),
        )
        with right:
            value = _value(field, operator)
        condition = {"field": name, operator: value}
        if field.type == "money" and operator not in _FLAGS:
            condition["currency"] = right.selectbox(say("currency"), ["THB", "USD"], key="rule_currency")
        st.button(
            say("add_condition"), on_click=_append, args=(condition,), disabled=value in (None, "", []), key="rule_add"
        )


def _value(field: Field, operator: str) -> Any:
    """Ask for the value in the way that its type is given."""
    label, key = say("value"), f"rule_value_{field.name}_{operator}"
    if operator in _DAYS:
        return int(st.number_input(label, 0, 36_500, 30, key=key))
    if field.type == "flag" or operator in _FLAGS:
        return st.toggle(say("yes"), value=True, key=key)
    if operator in _MANY:
        options = list(field.values) if isinstance(field.values, tuple) else []
        return st.multiselect(label, options, accept_new_options=not options, key=key)
    if isinstance(field.values, tuple):
        return st.selectbox(label, field.values, key=key)
    if field.unit == "0 to 1":
        return round(st.number_input(label, 0.0, 1.0, 0.5, step=0.05, key=key), 2)
    if field.type in {"number", "money"}:
        return int(st.number_input(label, value=1, key=key))
    if field.type in {"date", "time"}:
        return st.date_input(label, key=key)
    return st.text_input(label, key=key)


def _append(condition: dict[str, Any]) -> None:
    """Put one more condition into the definition: everything of it must hold."""
    try:
        content = yaml.safe_load(st.session_state["rules_text"])
        where = content.get("where") or {"all": []}
        parts = where["all"] if set(where) == {"all"} else [where]
    except (yaml.YAMLError, AttributeError, TypeError):
        return  # what is written is no definition: the warning below the text says so
    content["where"] = {"all": [*(parts or []), condition]}
    st.session_state["rules_text"] = _as_text(content)


def _save(content: dict[str, Any]) -> None:
    if not may(Role.MARKETER):
        st.caption(say("marketers_save"))
        return
    if st.button(say("save_segment"), icon=":material/save:"):
        with over_copy() as connection:
            version = segments.save(store(), content, actor=actor(), now=utc_now(), connection=connection)
        st.success(say("saved_segment", name=content["segment_id"], version=version), icon=":material/check:")
