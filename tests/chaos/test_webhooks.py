"""The proof of the intake in short: three thousand webhooks while gateway or writing process is killed all the time."""

import pytest

from bench import postgres
from bench.chaos_webhooks import MUST_BE_ZERO, run_webhooks


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_every_webhook_answered_200_is_in_the_store_once_and_had_its_effect_once(store: str) -> None:
    if store == "postgresql" and not postgres.is_installed():
        pytest.skip(postgres.MISSING)
    result = run_webhooks(webhooks=3_000, store=store, every=0.5)

    assert {name: result[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), result
    assert result["answered_200"] > result["webhooks"]  # some were told again after they were taken
    assert result["answered_otherwise"] == 0, result
    assert result["kills"] >= 1
    assert result["interrupted"] > 0
