"""Two hosts, one PostgreSQL, one provider: one limit, and a cable pulled while the lane's owner sends."""

from typing import Any

import pytest
import sqlalchemy as sa

from bench import namespaces, postgres
from bench.hosts import run_hosts
from core.store.engine import connect_store
from core.store.lanes import LEASE


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not postgres.is_installed():
        pytest.skip(postgres.MISSING)
    if reason := namespaces.why_not():
        pytest.skip(reason)
    return run_hosts()


def test_two_workers_on_two_hosts_share_one_limit(seen: dict[str, Any]) -> None:
    assert min(seen["by_host"].values()) >= 60, seen
    assert seen["most_in_a_second"] <= seen["allowed_in_a_second"], seen
    assert seen["least_spacing"] >= seen["allowed_spacing"], seen
    assert seen["people"] == seen["allowed_people"], seen
    assert seen["held_back_by_the_day"] > 0, seen


def test_a_cable_pulled_while_sending_doubles_and_loses_nothing(seen: dict[str, Any]) -> None:
    assert (seen["duplicates"], seen["lost"]) == (0, 0), seen


def test_in_doubt_is_listed_and_only_what_the_cut_host_had_claimed(seen: dict[str, Any]) -> None:
    assert 0 < len(seen["in_doubt_while_cut"]) <= seen["claimed_by_the_cut_host"], seen
    assert seen["in_doubt_not_claimed_by_the_cut_host"] == 0, seen
    assert seen["in_doubt_but_knowable"] == 0, seen


def test_when_the_link_is_back_the_old_owner_does_not_send_on_a_stale_lease(seen: dict[str, Any]) -> None:
    assert seen["begun_on_a_stale_lease"] == 0, seen
    assert seen["lane_changed_hands"] == 2, seen


def test_a_host_that_falls_silent_holds_no_lock_longer_than_a_lease(postgres_server: str) -> None:
    engine = connect_store(postgres_server.format(name="postgres"))
    with engine.connect() as connection:
        settings = connection.execute(
            sa.text("select name, setting::int from pg_settings where name like :like or name = 'lock_timeout'"),
            {"like": "idle_in_transaction%"},
        )
        milliseconds = {row.name: row.setting for row in settings}
    engine.dispose()

    assert set(milliseconds) == {"idle_in_transaction_session_timeout", "lock_timeout"}
    assert all(0 < each < LEASE.total_seconds() * 1000 for each in milliseconds.values())
