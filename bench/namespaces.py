"""Hosts of our own on one machine: Linux network namespaces on a bridge, each with one address nobody else can have."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

NETWORK = "192.0.2.0/24"  # RFC 5737: an address for documentation, never a real host's
CENTRE = "192.0.2.1"  # where database and provider are
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_LIBC = ctypes.CDLL(None, use_errno=True)


def why_not() -> str:
    """Say what stands in the way of making namespaces here and what would help; empty when nothing does."""
    if shutil.which("ip") is None:
        return "network namespaces need iproute2: install it (Debian: apt-get install iproute2)"
    name = f"bma-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True, text=True)
    if made.returncode:
        return f"network namespaces need root (CAP_SYS_ADMIN): {made.stderr.strip()}"
    _ip("netns", "del", name)
    return ""


@dataclass(frozen=True)
class Host:
    """One namespace and its cable to the centre."""

    namespace: str
    address: str
    centre: str
    port: str

    def unplug(self) -> None:
        """Take its link down: packets are dropped and nobody is told."""
        _ip("-n", self.centre, "link", "set", self.port, "down")

    def plug_in(self) -> None:
        """Put its link up again."""
        _ip("-n", self.centre, "link", "set", self.port, "up")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be on this host: sockets opened and processes started by this thread live in its network."""
        with inside(self.namespace):
            yield


@dataclass
class Network:
    """The centre, a bridge with an address, and the hosts joined to it."""

    centre: str = field(default_factory=lambda: f"bma-{os.getpid()}-centre")
    hosts: list[Host] = field(default_factory=list)

    def join(self, name: str) -> Host:
        """Add a host with an address and a cable of its own."""
        number = len(self.hosts) + 1
        host = Host(f"bma-{os.getpid()}-{name}", f"192.0.2.{10 + number}", self.centre, f"port{number}")
        _ip("netns", "add", host.namespace)
        self.hosts.append(host)
        cable = ("name", "eth0", "netns", host.namespace)
        _ip("-n", self.centre, "link", "add", host.port, "type", "veth", "peer", *cable)
        _ip("-n", self.centre, "link", "set", host.port, "master", "bridge", "up")
        _ip("-n", host.namespace, "link", "set", "lo", "up")
        _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
        _ip("-n", host.namespace, "link", "set", "eth0", "up")
        return host


@contextmanager
def network() -> Iterator[Network]:
    """Make a centre to join hosts to; all of it goes away at the end. Needs root and iproute2: see ``why_not``."""
    made = Network()
    _ip("netns", "add", made.centre)
    try:
        _ip("-n", made.centre, "link", "set", "lo", "up")
        _ip("-n", made.centre, "link", "add", "bridge", "type", "bridge")
        _ip("-n", made.centre, "addr", "add", f"{CENTRE}/24", "dev", "bridge")
        _ip("-n", made.centre, "link", "set", "bridge", "up")
        yield made
    finally:
        for namespace in (*(host.namespace for host in made.hosts), made.centre):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Move this thread into a namespace and back; what it starts meanwhile stays there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(Path("/run/netns") / namespace, os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(home)
        os.close(home)
        os.close(there)


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _NEW_NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
