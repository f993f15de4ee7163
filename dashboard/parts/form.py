"""What is wrong with a form's fields, said under each of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from dashboard.parts.words import say

_WRONG = "form_wrong"


class Wrong(NamedTuple):
    """What is wrong with a field: the key of its words, and what stands in them."""

    key: str
    values: dict[str, Any]


def remember(found: Mapping[str, Wrong]) -> None:
    """Keep what is wrong, by field, until the form is sent again."""
    st.session_state[_WRONG] = dict(found)


def count_wrong() -> int:
    """Return how many fields are wrong."""
    return len(st.session_state.get(_WRONG, {}))


def wrong(field: str, place: Any = st) -> None:
    """Say under a field what is wrong with it, in the viewer's language."""
    found: Wrong | None = st.session_state.get(_WRONG, {}).get(field)
    if found is not None:
        place.error(say(found.key, **found.values), icon=":material/rule:")
