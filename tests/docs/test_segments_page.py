"""The page on segments says what the code does."""

import re
from pathlib import Path

import yaml

from campaigns.rules.catalogue import read_catalogue
from campaigns.rules.compile import compile_definition
from campaigns.rules.parse import read_definition
from campaigns.segments import open_library, read_segments

PAGE = (Path(__file__).parents[2] / "docs" / "segments.md").read_text()


def test_its_examples_are_right() -> None:
    first, subject = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))

    for content in (first, first | subject):
        assert "marts." in compile_definition(read_definition(content, "the page"), open_library().find).members


def test_it_lists_every_comparison_of_every_type_and_every_segment_there_is() -> None:
    types = {field.type: field for each in read_catalogue().values() for field in each.fields.values()}
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", PAGE, re.MULTILINE))

    for name, field in types.items():
        assert set(re.findall(r"`(\w+)`", rows[name])) - {"USD"} == set(field.operators), name
    assert {each.segment_id for each in read_segments()} <= set(re.findall(r"`(\w+)`", PAGE))
