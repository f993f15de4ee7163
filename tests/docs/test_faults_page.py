"""The list of faults names tests and guards that exist, and forgets no test of the list."""

import re
from pathlib import Path

from tests.campaigns import test_fault_list

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "faults.md").read_text()


def test_every_test_of_the_list_is_named_and_every_named_one_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", _PAGE))
    there = {name for name in vars(test_fault_list) if name.startswith("test_")}

    assert there - named == {"test_a_campaign_with_another_purpose_may_write_about_the_same_contract"}  # no fault
    assert named - there == set()


def test_every_guard_that_is_named_exists() -> None:
    guards = set(re.findall(r"`([\w/]+\.(?:py|sql))`", _PAGE)) - {"tests/campaigns/test_fault_list.py"}
    places = (_ROOT, _ROOT / "campaigns", _ROOT / "warehouse" / "models")

    assert {guard for guard in guards if not any((place / guard).exists() for place in places)} == set()
