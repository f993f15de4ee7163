"""Text and variables are filled without the template engine exactly as the engine would fill them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from senders.patterns import Pattern
from senders.templates import environment

_FILTERS = ("long_date", "listed")
_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ["%", "%s", "%%(a)s", "100 %", "<b>&", "\r\n", "\n", " \n", "{# c #}", "{ }", "{{ name }}", "{{ day|long_date }}"]
)
_PLACES = st.sampled_from(["{{ name }}", "{{name}}", "{{ day|long_date }}", "{{- names | listed -}}", "{{ count }}"])
_MORE = st.sampled_from(
    ["{{ name|upper }}", "{{ 'x' }}", "{% if name %}y{% endif %}", "{{ name.title() }}", "{{ a + b }}"]
)
_NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
_VARIABLES = st.fixed_dictionaries(
    {
        "name": _NAMES | st.integers() | st.none() | st.booleans() | st.floats(),
        "names": st.lists(_NAMES, min_size=1, max_size=3),
        "day": st.dates().map(str),
        "count": st.integers(),
    }
)


@given(parts=st.lists(_TEXTS | _PLACES, max_size=8), variables=_VARIABLES, language=st.sampled_from(["en", "th"]))
def test_a_pattern_says_what_the_engine_says(parts: list[str], variables: dict[str, Any], language: str) -> None:
    for is_html in (False, True):
        kept = environment(language, is_html=is_html)
        pattern = Pattern.of("".join(parts), kept, _FILTERS)
        if pattern is not None and pattern.names <= variables.keys():
            assert pattern.fill(variables) == kept.from_string("".join(parts)).render(variables)


@given(before=_TEXTS, more=_MORE, after=_TEXTS)
def test_what_is_more_than_text_and_variables_is_left_to_the_engine(before: str, more: str, after: str) -> None:
    source = before.replace("{", "(") + more + after.replace("{", "(")

    assert Pattern.of(source, environment("en"), _FILTERS) is None


def test_every_variable_is_known_by_name() -> None:
    pattern = Pattern.of("{{ name }} until {{ day|long_date }}", environment("en"), _FILTERS)

    assert pattern is not None and pattern.names == {"name", "day"}
