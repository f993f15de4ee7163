"""The crash proof in short: fifty kills of worker, gateway and database connection while a provider misbehaves."""

import pytest

from bench import postgres
from bench.chaos import run_chaos


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_fifty_kills_double_nothing_lose_nothing_and_leave_in_doubt_only_what_nobody_can_know(store: str) -> None:
    if store == "postgresql" and not postgres.is_installed():
        pytest.skip("PostgreSQL is not installed: install it (Debian: apt-get install postgresql) to run this test")
    result = run_chaos(kills=50, store=store)

    nothing = ("duplicates", "lost", "in_doubt_but_knowable", "suppressed_sent", "acknowledged_missing")
    assert {name: result[name] for name in nothing} == dict.fromkeys(nothing, 0), result
    assert result["windows"]["worker: sent, not recorded"] > 0
    assert result["opted_out"] > 0
