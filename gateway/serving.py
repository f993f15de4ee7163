"""How the application is served, by ``bma gateway`` and by what measures and proves it."""

from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from gateway.app import Gateway
from gateway.deliveries import through


def run(make_app: Callable[[], ASGIApp], *, host: str, port: int) -> None:
    """Serve until a signal ends it. What is said of requests is ours to say: see ``gateway/requests.py``."""
    app = make_app()
    uvicorn.run(
        app,
        http=through(app.doors) if isinstance(app, Gateway) else "auto",
        host=host,
        port=port,
        log_level="warning",
        log_config=None,
        access_log=False,
        server_header=False,
    )
