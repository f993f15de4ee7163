"""A lane with a real store and a real provider: whose turn it is, who stops it, and how it waits."""

import asyncio
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bench.outbox_of import message_id, plan
from core.clock import utc_now
from core.store import campaigns, lanes, ledger, outbox, suppressions
from core.store.tables import lanes as lane_rows
from core.store.tables import messages
from core.vocabulary import Channel
from senders import event_loop, lane
from senders.limits import Limits
from senders.whatsapp.send import WhatsAppSender
from senders.worker import WorkReport, run_worker
from tests.core.test_ledger import row
from tests.senders.peers import CUT, HttpPeer, http
from tests.senders.working import FAST, GOOD, OPTIONS, statuses, until, work


def test_everything_due_goes_out_once(store: sa.Engine) -> None:
    plan(store, 120, ("whatsapp",), utc_now())
    report, peer = work(store, GOOD)

    assert report.counts == {"accepted": 120}
    assert len(peer.taken) == len(set(peer.taken)) == 120


def test_a_worker_that_starts_or_has_only_to_record_does_not_look_for_news_first(
    sqlite_store: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float] = []

    async def sleep(stop: asyncio.Event, seconds: float) -> None:
        looked.append(seconds)
        await usual(stop, seconds)

    usual = lane._sleep
    monkeypatch.setattr(lane, "_sleep", sleep)
    plan(sqlite_store, 1, ("whatsapp",), utc_now())
    report, _ = work(sqlite_store, GOOD)

    assert report.counts == {"accepted": 1}
    assert lane._LOOK_SECONDS not in looked


def test_campaigns_of_one_priority_get_equal_shares_and_the_urgent_overtake(sqlite_store: sa.Engine, now) -> None:
    big = [row(number, campaign_id="newsletter") for number in range(100)]
    small = [row(number, campaign_id="renewal") for number in range(100, 110)]
    urgent = [row(number, campaign_id="zone_offline", priority=1) for number in range(110, 115)]
    with sqlite_store.begin() as connection:
        ledger.plan(connection, [*big, *small], now)
        ledger.plan(connection, urgent, now + timedelta(hours=1))
        first = outbox.claim_fairly(
            connection, channel="whatsapp", worker="w", limit=25, now=now + timedelta(hours=2), lease=lanes.LEASE
        )

    assert Counter(message.campaign_id for message in first) == {"zone_offline": 5, "newsletter": 10, "renewal": 10}


@pytest.mark.parametrize("scope", ["all", "channel:whatsapp", "campaign:renewal", "template:renewal_14"])
def test_a_switch_acts_between_two_messages_within_a_second(sqlite_store: sa.Engine, scope: str) -> None:
    plan(sqlite_store, 400, ("whatsapp",), utc_now())
    seen: dict[str, int] = {}

    async def switch(peer: HttpPeer, stop: asyncio.Event) -> None:
        await until(lambda: len(peer.taken) > 20)
        with sqlite_store.begin() as connection:
            campaigns.set_hold(connection, scope, "wrong price", "ada", utc_now())
        await asyncio.sleep(0.2)
        seen["held"] = len(peer.taken)
        await asyncio.sleep(0.8)
        seen["later"] = len(peer.taken)
        with sqlite_store.begin() as connection:
            campaigns.lift_hold(connection, scope)
        await until(lambda: len(peer.taken) > seen["later"])
        stop.set()

    work(sqlite_store, GOOD, limits=Limits(per_second=200, in_flight=5), beside=switch)

    assert seen["later"] == seen["held"] < 200
    assert set(statuses(sqlite_store)) == {"accepted", "planned"}


def test_who_opts_out_while_the_campaign_goes_out_is_spared(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 300, ("whatsapp",), utc_now())

    async def leave(peer: HttpPeer, stop: asyncio.Event) -> None:
        await until(lambda: len(peer.taken) > 10)
        with sqlite_store.begin() as connection:
            suppressions.add(
                connection,
                channel="whatsapp",
                address=None,
                contact_id="c299",
                reason="unsubscribed",
                source="one_click",
                now=utc_now(),
            )
        await until(lambda: statuses(sqlite_store)["planned"] == statuses(sqlite_store)["claimed"] == 0)
        stop.set()

    _, peer = work(sqlite_store, GOOD, limits=Limits(per_second=300, in_flight=5), beside=leave)

    assert statuses(sqlite_store) == {"accepted": 299, "suppressed": 1}
    assert message_id(299).encode() not in b"".join(peer.taken)


def test_an_opt_out_committed_just_before_the_write_is_respected(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 1, ("whatsapp",), utc_now())
    with sqlite_store.begin() as connection:
        suppressions.add(
            connection,
            channel="all",
            address=None,
            contact_id="c0",
            reason="complained",
            source="complaint",
            now=utc_now(),
        )
    _, peer = work(sqlite_store, GOOD)

    assert peer.taken == []
    assert statuses(sqlite_store) == {"suppressed": 1}


def test_a_provider_that_is_down_costs_no_message_and_says_why_it_waits(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 50, ("whatsapp",), utc_now())

    async def run() -> WorkReport:
        sender = WhatsAppSender(url="http://127.0.0.1:9", phone_number_id="1", token="t")
        return await run_worker(
            sqlite_store,
            {Channel.WHATSAPP: sender},
            options=OPTIONS,
            clock=utc_now,
            until_idle=True,
            limits=lambda _channel: FAST,
        )

    report = event_loop.run(run())
    with sqlite_store.connect() as connection:
        (lane,) = lanes.standing(connection)
        attempts = connection.execute(sa.select(sa.func.max(messages.c.attempts))).scalar()

    assert report.counts == {"planned": 50}
    assert attempts == 0
    assert lane["pause_reason"].startswith("the provider does not answer")
    assert lane["paused_until"] > utc_now()


def test_after_the_pause_one_message_probes_and_the_rest_follow(sqlite_store: sa.Engine) -> None:
    test_a_provider_that_is_down_costs_no_message_and_says_why_it_waits(sqlite_store)
    report, _ = work(sqlite_store, GOOD, clock=lambda: utc_now() + timedelta(minutes=10))

    assert report.counts == {"accepted": 50}


def test_retry_after_binds_over_a_restart(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 10, ("whatsapp",), utc_now())
    slow = http(400, '{"error":{"code":130429,"message":"slow"}}', Retry_After="30")
    _, first = work(sqlite_store, slow, limits=Limits(per_second=100, in_flight=1))
    _, second = work(sqlite_store, GOOD)

    assert len(first.taken) <= 2
    assert second.taken == []
    report, _ = work(sqlite_store, GOOD, clock=lambda: utc_now() + timedelta(seconds=31))
    assert report.counts == {"accepted": 10}


def test_a_cut_after_the_write_is_in_doubt_and_not_sent_again(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 3, ("whatsapp",), utc_now())
    _, cut = work(sqlite_store, CUT)
    _, good = work(sqlite_store, GOOD)

    assert len(cut.taken) == 3
    assert good.taken == []
    assert statuses(sqlite_store) == {"in_doubt": 3}


def test_a_transient_refusal_is_tried_again_later_and_given_up_in_the_end(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 1, ("whatsapp",), utc_now())
    busy = http(400, '{"error":{"code":131016,"message":"busy"}}')
    for attempt in range(8):
        work(sqlite_store, busy, clock=lambda attempt=attempt: utc_now() + timedelta(hours=7 * attempt))

    with sqlite_store.connect() as connection:
        found = connection.execute(sa.select(messages.c.status, messages.c.attempts, messages.c.reason)).one()
    assert found.status == "failed"
    assert "gave up after 6 attempts" in found.reason


def test_an_unknown_code_is_a_refusal_tried_again(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 1, ("whatsapp",), utc_now())
    work(sqlite_store, http(400, '{"error":{"code":999999,"message":"new"}}'))

    assert statuses(sqlite_store) == {"planned": 1}


def test_a_wrong_token_halts_the_channel_and_keeps_every_message(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 30, ("whatsapp",), utc_now())
    work(sqlite_store, http(401, '{"error":{"code":190,"message":"token"}}'))

    with sqlite_store.connect() as connection:
        assert "channel:whatsapp" in campaigns.standing_holds(connection)
    assert statuses(sqlite_store) == {"planned": 30}


def test_while_the_store_is_locked_nothing_is_lost_and_sending_goes_on_by_itself(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 200, ("whatsapp",), utc_now())

    def lock() -> None:
        with sqlite_store.begin():
            time.sleep(1.5)

    async def away(peer: HttpPeer, stop: asyncio.Event) -> None:
        await until(lambda: len(peer.taken) > 20)
        thread = threading.Thread(target=lock)
        thread.start()
        await asyncio.to_thread(thread.join)
        await until(lambda: statuses(sqlite_store) == {"accepted": 200})
        stop.set()

    _, peer = work(sqlite_store, GOOD, limits=Limits(per_second=300, in_flight=5), beside=away)

    assert len(peer.taken) == 200


def test_a_clock_set_back_an_hour_stops_nobody(store: sa.Engine, now: datetime) -> None:
    plan(store, 20, ("whatsapp",), now)
    with store.begin() as connection:
        lanes.own(connection, "whatsapp", "dead", now + timedelta(hours=1))
        claimed = outbox.claim_fairly(
            connection, channel="whatsapp", worker="dead", limit=5, now=now + timedelta(hours=1), lease=lanes.LEASE
        )
        ledger.postpone(
            connection,
            claimed[0].message_id,
            worker="dead",
            not_before=now + timedelta(hours=2),
            reason="later",
            is_attempt=True,
            now=now + timedelta(hours=1),
        )
    report, _ = work(store, GOOD, clock=lambda: now)

    assert report.counts == {"accepted": 16, "in_doubt": 4}


def test_two_workers_take_turns_and_together_keep_to_one_limit(store: sa.Engine) -> None:
    plan(store, 150, ("whatsapp",), utc_now())

    async def both() -> list[float]:
        async with HttpPeer(GOOD) as peer:
            stop = asyncio.Event()
            limits = Limits(per_second=50, burst_seconds=0.2, in_flight=10)

            def worker() -> Any:
                sender = WhatsAppSender(url=f"http://127.0.0.1:{peer.port}", phone_number_id="1", token="t")
                return run_worker(
                    store,
                    {Channel.WHATSAPP: sender},
                    options=OPTIONS,
                    clock=utc_now,
                    until_idle=False,
                    stop=stop,
                    limits=lambda _channel: limits,
                )

            running = [asyncio.create_task(worker()) for _ in range(2)]
            await until(lambda: statuses(store) == {"accepted": 150}, 60)
            stop.set()
            await asyncio.gather(*running)
            return peer.arrivals

    arrivals = event_loop.run(both())
    # 50 and a burst of 10; on a busy machine some arrive later than they were sent. Each by its own limit: 120.
    assert all(sum(start <= at < start + 1 for at in arrivals) <= 70 for start in arrivals)
    with store.connect() as connection:
        assert connection.execute(sa.select(lane_rows.c.owner)).scalar_one() == ""
