"""Serving a stand-in on the loopback address and saying so in one line of JSON."""

import json
import socket
from collections.abc import Callable
from typing import Any

import uvicorn


def serve(app: Any, port: int, *, more: Callable[[], dict[str, Any]] = dict) -> None:
    """Serve until stopped; prints ``{"ready": true, "url": …}`` when connections are taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(512)
    print(json.dumps({"ready": True, "url": f"http://127.0.0.1:{listener.getsockname()[1]}", **more()}), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def free_port() -> int:
    """Return a port of the loopback address that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
