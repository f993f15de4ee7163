"""Readers in other processes while builds publish and the writer is killed: ``run.py bench readers`` in short."""

from bench.readers import run_readers


def test_readers_meet_no_error_and_no_mixture_and_the_build_after_a_kill_is_right() -> None:
    seen = run_readers(seconds=1, kills=1, people=40, batches=1, readers=2)

    assert (seen["errors"], seen["mixtures"]) == ({}, 0)
    assert seen["killed"] == 1
    assert seen["is_next_build_right"]
    assert seen["published"] >= 2 and seen["versions"] >= 2 and seen["queries"] > 0
