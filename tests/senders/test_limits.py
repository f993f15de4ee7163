"""Limits are data, and they bind: by second, by person, by domain, by day, by month, and over a restart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import PermanentError
from core.store.lanes import LaneMemory
from core.vocabulary import ErrorClass
from senders.breaker import Breaker
from senders.contract import Accepted, NotSent, Rejected, Unknown
from senders.limits import Limits, Meter, TokenBucket, read_limits

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
NOTHING = LaneMemory(None, None, None, 0)


class Ticks:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def meter(sent: list[tuple[str, datetime]] = (), month: int = 0, domains=None, **limits) -> Meter:
    return Meter(Limits(per_second=100, **limits), list(sent), month, domains or {})


@pytest.mark.parametrize("channel", ["whatsapp", "line", "email"])
def test_every_channel_says_what_its_provider_allows(channel: str) -> None:
    limits = read_limits(channel)

    assert limits.per_second > 0
    assert limits.in_flight > 0


def test_an_account_s_own_limits_stand_in_the_data_directory(tmp_path: Path) -> None:
    own = tmp_path / "limits.toml"
    own.write_text("[whatsapp]\nrecipients_per_day = 10_000\n")

    assert read_limits("whatsapp", own).recipients_per_day == 10_000
    assert read_limits("whatsapp", own).spacing_seconds == read_limits("whatsapp").spacing_seconds
    assert read_limits("line", own) == read_limits("line")


def test_a_limit_nobody_knows_is_named_with_its_file(tmp_path: Path) -> None:
    own = tmp_path / "limits.toml"
    own.write_text("[whatsapp]\nper_hour = 10\n")

    with pytest.raises(PermanentError, match=r"limits.toml.*per_hour.*per_second"):
        read_limits("whatsapp", own)


def test_no_second_sees_more_than_the_rate_and_one_burst() -> None:
    ticks = Ticks()
    bucket = TokenBucket(10, burst_seconds=0.2, monotonic=ticks)
    passed = []
    for _ in range(100):
        ticks.at += bucket.wait_seconds()
        passed.append(ticks.at)

    assert all(sum(start <= at < start + 1 for at in passed) <= 13 for start in passed)
    assert passed[-1] - passed[0] == pytest.approx(9.7, abs=0.3)


def test_a_lane_taken_over_begins_where_the_last_owner_left() -> None:
    ticks = Ticks()
    bucket = TokenBucket(10, monotonic=ticks)
    bucket.not_before(0.5)

    assert bucket.wait_seconds() == pytest.approx(0.5)


def test_one_person_gets_one_message_in_six_seconds_also_after_a_restart() -> None:
    before = meter([("+66", NOW - timedelta(seconds=2))], spacing_seconds=6)

    delay = before.delay("+66", NOW)
    assert delay is not None
    assert delay.until == NOW + timedelta(seconds=4)
    assert before.delay("+65", NOW) is None
    assert before.delay("+66", NOW + timedelta(seconds=4)) is None


def test_a_day_has_so_many_people_and_who_got_one_already_may_get_another() -> None:
    day = meter([("a", NOW - timedelta(hours=23)), ("b", NOW - timedelta(hours=1))], recipients_per_day=2)

    assert day.delay("b", NOW) is None
    delay = day.delay("c", NOW)
    assert delay is not None
    assert delay.until == NOW + timedelta(hours=1)
    assert "2 people" in delay.reason
    assert day.delay("c", NOW + timedelta(hours=1, seconds=1)) is None


def test_the_month_s_quota_ends_the_month() -> None:
    quota = meter(month=2, messages_per_month=3)
    assert quota.delay("u", NOW) is None
    quota.took("u", NOW)

    delay = quota.delay("v", NOW)
    assert delay is not None
    assert "used up" in delay.reason


def test_a_domain_that_does_not_know_us_gets_more_every_day() -> None:
    first = meter(domain_per_second=100, domain_first_day=2, domain_growth=2.0)
    for person in ("a@new.example", "b@new.example"):
        assert first.delay(person, NOW) is None
        first.took(person, NOW)
    assert first.delay("c@new.example", NOW) is not None
    assert first.delay("c@other.example", NOW) is None
    assert first.new_domains == {"new.example": NOW}

    later = meter(
        domains={"new.example": NOW - timedelta(days=2)}, domain_per_second=100, domain_first_day=2, domain_growth=2.0
    )
    for number in range(8):
        assert later.delay(f"p{number}@new.example", NOW) is None
        later.took(f"p{number}@new.example", NOW)
    assert later.delay("q@new.example", NOW) is not None


def test_a_domain_s_own_pace_is_kept_without_stopping_the_others() -> None:
    pace = meter(domain_per_second=10)
    waits = [pace.domain_wait("a@slow.example") for _ in range(30)]

    assert waits[-1] > 2.0
    assert pace.domain_wait("a@fast.example") == 0.0
    assert pace.delay("a@slow.example", NOW) is not None


def breaker(memory: LaneMemory = NOTHING) -> tuple[Breaker, Ticks]:
    ticks = Ticks()
    return Breaker(memory, lambda: NOW, ticks), ticks


@pytest.mark.parametrize("answer", [NotSent("no route"), Unknown("reset"), Rejected(ErrorClass.TRANSIENT, "1", "down")])
def test_five_failures_in_a_row_open_the_breaker_and_one_probe_closes_it(answer) -> None:
    opened, ticks = breaker()
    assert [opened.hear(answer) for _ in range(5)] == [False, False, False, False, True]
    assert opened.pause_left() > 1
    assert "does not answer" in opened.reason

    ticks.at += opened.pause_left() + 0.1
    assert opened.pause_left() == 0
    assert opened.is_probing
    opened.hear(answer)
    assert opened.pause_left() > 2  # longer every time

    ticks.at += opened.pause_left() + 0.1
    assert not opened.hear(Accepted("p"))
    assert not opened.is_probing


def test_what_was_under_way_when_the_provider_went_down_is_one_outage_not_many() -> None:
    opened, ticks = breaker()
    for _ in range(60):
        opened.hear(NotSent("no route"))
    assert opened.pause_left() < 3

    ticks.at += opened.pause_left() + 0.1
    opened.hear(NotSent("no route"))
    assert 3 < opened.pause_left() < 5


def test_retry_after_is_kept_to_and_a_refusal_of_one_person_is_no_failure() -> None:
    asked, _ = breaker()
    asked.hear(Rejected(ErrorClass.PERMANENT_RECIPIENT, "131026", "nobody"))
    assert asked.pause_left() == 0

    assert asked.hear(Rejected(ErrorClass.THROTTLED, "429", "slow down", 7.0))
    assert asked.pause_left() == pytest.approx(7.0)
    assert asked.paused_until == NOW + timedelta(seconds=7)


def test_a_pause_binds_the_next_process_and_one_from_a_wrong_clock_binds_nobody_for_long() -> None:
    after, _ = breaker(LaneMemory(None, NOW + timedelta(seconds=30), "asked to wait", 5))
    assert after.pause_left() == pytest.approx(30)
    assert after.is_probing

    wrong, _ = breaker(LaneMemory(None, NOW + timedelta(days=300), "asked to wait", 0))
    assert wrong.pause_left() <= 3600
