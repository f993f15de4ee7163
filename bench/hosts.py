"""The proof of many machines: two hosts, each a worker and a gateway, one PostgreSQL, one provider, a cable pulled.

The hosts are network namespaces of this machine. First the lane's owner is restarted, then its link goes down while
it sends, and later comes back: one limit throughout, nothing doubled, nothing lost, nothing sent on a stale lease.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import children, namespaces, postgres
from bench.hosts_verdict import Cut, verdict
from bench.namespaces import CENTRE, Host
from bench.outbox_of import plan
from bench.working import Begun, ask, faulty_provider, query, send, senders_to, serve, settings_for, wait_until
from core.clock import utc_now
from core.settings import Settings
from core.store.engine import open_store
from core.store.tables import lanes, messages
from core.vocabulary import Channel
from senders.contract import Sender
from senders.limits import Limits

LIMITS = Limits(per_second=40, burst_seconds=0.2, in_flight=10, spacing_seconds=1.0, recipients_per_day=110)
_PEOPLE, _MESSAGES = 130, 390  # twenty people more than the day allows
_PORT = 8000
_LANE_LEASE, _MESSAGE_LEASE = 62.0, 32.0  # seconds to wait: a lane's lease, and what a message's is longer


@dataclass
class Site:
    """The hosts, what runs on them, and how to wait for a lease."""

    network: namespaces.Network
    store: Settings  # as this process reaches it
    remote: Settings  # as the hosts reach it
    folder: Path
    is_patient: bool
    provider: dict[str, Any] = field(default_factory=dict)
    times: children.Time = field(default_factory=children.Time)
    workers: dict[str, int] = field(default_factory=dict)
    gateways: list[int] = field(default_factory=list)
    back_at: float = 0.0  # when the link was put up again

    def start_gateway(self, host: Host) -> None:
        """Start a gateway on a host."""
        with host.inside():
            log = self.folder / f"gateway-{host.address}.log"
            self.gateways.append(children.fork(lambda: serve(self.remote, host.address, _PORT), log))

    def start_worker(self, host: Host) -> None:
        """Start a worker on a host."""

        def work() -> None:
            sender: dict[Channel, Sender] = {
                name: Begun(each, begun, self.times) for name, each in senders_to(self.provider, ("whatsapp",)).items()
            }
            self.times.run(children.until_terminated(lambda stop: send(self.remote, sender, self.times, LIMITS, stop)))

        begun = self.folder / f"begun-{host.address}"
        begun.touch()
        with host.inside():
            self.workers[host.address] = children.fork(work, self.folder / f"worker-{host.address}.log")

    def stop_worker(self, host: Host) -> None:
        """Restart's first half: the worker ends in order and gives its lane up."""
        children.stop(self.workers.pop(host.address))

    def begun(self, host: Host) -> list[float]:
        """Return when each request of a host was begun, in Unix seconds."""
        return [float(line) for line in (self.folder / f"begun-{host.address}").read_text().split()]

    def taken(self) -> dict[str, dict[str, Any]]:
        """Return what the provider took."""
        with namespaces.inside(self.network.centre):
            found: dict[str, dict[str, Any]] = ask(f"{self.provider['url']}/taken")["taken"]
        return found

    def by(self, host: Host) -> int:
        """Return how many messages came from a host."""
        with namespaces.inside(self.network.centre):
            return int(ask(f"{self.provider['url']}/count").get(host.address, 0))

    def wait_for_lease(self, seconds: float) -> None:
        """Wait; or move the workers' time ahead, which is the same to them."""
        if self.is_patient:
            time.sleep(seconds)
        else:
            self.times.ahead += seconds


def hosts_or_why_not(say: Callable[[str], None] = print) -> dict[str, Any]:
    """Run the proof with leases waited for, or say what this machine lacks."""
    missing = namespaces.why_not() or ("" if postgres.is_installed() else postgres.MISSING)
    say(missing or "> two hosts (leases are waited for: two minutes)")
    return {"not_run": missing} if missing else run_hosts(is_patient=True, say=say)


def run_hosts(*, is_patient: bool = False, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Run the proof and return what was seen; with ``is_patient`` leases are waited for instead of leapt over.

    Raises FileNotFoundError when PostgreSQL is missing, subprocess.CalledProcessError when namespaces cannot be made.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bma-hosts-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        network = stack.enter_context(namespaces.network())
        hosts = [network.join("one"), network.join("two")]
        with namespaces.inside(network.centre):
            server = stack.enter_context(postgres.running(network=namespaces.NETWORK))
        here = postgres.new_database(server.url, "hosts")
        there = server.url_at(CENTRE).format(name="hosts")
        public = f"http://{hosts[0].address}:{_PORT}"
        site = Site(
            network, settings_for(folder, here, public), settings_for(folder, there, public), folder, is_patient
        )
        store = open_store(here)
        plan(store, _MESSAGES, ("whatsapp",), utc_now(), people=_PEOPLE)
        store.dispose()
        gateways = [word for host in hosts for word in ("--gateway", f"http://{host.address}:{_PORT}")]
        with namespaces.inside(network.centre):
            site.provider = stack.enter_context(faulty_provider("--host", CENTRE, "--behaves", *gateways))
        try:
            return _story(site, hosts[0], hosts[1], say)
        finally:
            for pid in (*site.workers.values(), *site.gateways):
                children.kill(pid)


def _story(site: Site, one: Host, two: Host, say: Callable[[str], None]) -> dict[str, Any]:
    for host in (one, two):
        site.start_gateway(host)
    site.start_worker(one)
    wait_until(lambda: site.by(one) >= 60, 20, "the first host sends")
    site.start_worker(two)
    time.sleep(1.0)
    say(f"{site.by(one)} sent by the first host; the second waits for the lane")
    site.stop_worker(one)
    wait_until(lambda: site.by(two) >= 60, 20, "the second host takes the lane over")
    site.start_worker(one)
    say(f"{site.by(two)} sent by the second; its link goes down")
    before = site.by(one)
    cut = _pull_the_cable(site, two)
    site.wait_for_lease(_LANE_LEASE)
    wait_until(lambda: site.by(one) > before, 20, "the first host takes the lane over after the lease")
    wait_until(lambda: not _due(site), 60, "the first host sends the rest")
    site.wait_for_lease(_MESSAGE_LEASE)
    wait_until(lambda: not _claimed(site), 30, "what the cut host had claimed is said to be in doubt")
    cut.doubted = _in(site, "in_doubt")
    say(f"{len(cut.claimed)} were claimed by the cut host, {len(cut.doubted)} are in doubt; its link comes back")
    site.back_at = time.time()
    two.plug_in()
    engine = open_store(site.store.effective_store_url)
    plan(engine, 40, ("whatsapp",), site.times.now(), people=20, first=_MESSAGES)
    engine.dispose()
    wait_until(lambda: _is_connected(site, two), 60, "the host that was cut reaches the store again")
    wait_until(lambda: not _due(site), 30, "the owner sends what was planned since")
    time.sleep(1.0)  # for the host that was cut to write down what it knows
    return verdict(site, one, two, cut, LIMITS)


def _pull_the_cable(site: Site, host: Host) -> Cut:
    """Unplug the owner while it sends, and see what it had claimed."""
    host.unplug()
    at = time.time()
    time.sleep(2.5)  # longer than a person's spacing; a cut shorter than the timeouts is only a pause
    owner = query(site.store, sa.select(lanes.c.owner).where(lanes.c.channel == "whatsapp"))[0][0]
    return Cut(at=at, owner=owner, claimed=_claimed(site))


def _claimed(site: Site) -> set[str]:
    return _in(site, "claimed")


def _in(site: Site, status: str) -> set[str]:
    return {row[0] for row in query(site.store, sa.select(messages.c.message_id).where(messages.c.status == status))}


def _due(site: Site) -> bool:
    """Whether anything may go out within the next minutes; what the day's limit holds back may not."""
    soon = site.times.now() + timedelta(hours=1)
    due = sa.or_(messages.c.not_before.is_(None), messages.c.not_before < soon)
    statement = sa.select(sa.func.count()).where(messages.c.status == "planned", due)
    return bool(query(site.store, statement)[0][0])


def _is_connected(site: Site, host: Host) -> bool:
    """Whether the worker that was cut has asked the database anything since its link is back."""
    asked = sa.text(
        "select count(*) from pg_stat_activity where host(client_addr) = :address and state_change > :since"
    )
    since = datetime.fromtimestamp(site.back_at, UTC)
    return bool(query(site.store, asked.bindparams(address=host.address, since=since))[0][0])
