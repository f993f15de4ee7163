"""The application: plain routes for webhooks and tracking; FastAPI, which costs twice as much, for the API."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from core.clock import utc_now
from core.people import People
from core.settings import Settings, load_settings
from core.store.engine import open_store
from gateway import api, operations, preferences, problems, tracking, unsubscribe, webhooks
from gateway.auth import Authenticator
from gateway.intake import Intake
from gateway.mail_in import MailIn
from gateway.rates import RateLimits, Rates
from gateway.requests import Requests
from gateway.writing import WritingThread
from gateway.writing_process import WritingProcess


class Gateway(Starlette):
    """The application; webhooks, which come in thousands, pass before its middleware and routes."""

    def __init__(self, doors: Mapping[str, webhooks.Door], **more: Any) -> None:
        super().__init__(**more)
        self.doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        door = self.doors.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (door or super().__call__)(scope, receive, send)


def create_app(
    settings: Settings,
    *,
    engine: sa.Engine | None = None,
    clock: Callable[[], datetime] = utc_now,
    crm: httpx.AsyncBaseTransport | None = None,
    limits: RateLimits = RateLimits(),  # noqa: B008 -- frozen
    people: People | None = None,
    writes_apart: bool = False,
) -> Starlette:
    """Make the application. It opens the store, unless one is given, and owns the writer while it runs.

    With ``writes_apart`` the writer is a process of its own, which has the machine's time. ``people`` know who signed
    in; without any, the CRM is asked (through ``crm``) and remembered.
    """
    store = engine or open_store(settings.effective_store_url)
    intake = Intake(WritingProcess(settings) if writes_apart else WritingThread(store, settings, clock), settings)
    mail_in = MailIn(settings, intake, clock)
    known = people or People(settings.crm_url, store, transport=crm)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await intake.start()
        await mail_in.start()
        yield
        await mail_in.stop()
        await intake.stop()
        await known.close()

    served = FastAPI(title="BMA Social", version="1")
    problems.add_handlers(served)
    _add_middleware(served, settings)
    served.include_router(api.router)
    doors = webhooks.doors(settings, intake, clock)
    app = Gateway(
        doors,
        lifespan=lifespan,
        routes=[
            *webhooks.routes(settings, doors),
            *tracking.routes(settings),
            *unsubscribe.routes(settings),
            *preferences.routes(settings),
            *operations.operations(),
            Mount("/", served),
        ],
    )
    served.state = app.state
    app.state.engine, app.state.intake, app.state.clock = store, intake, clock
    app.state.settings = settings
    app.state.serve_dir, app.state.warehouse_key = settings.serve_dir, settings.warehouse_key.get_secret_value()
    app.state.authenticator = Authenticator(store, settings.jwt_secret.get_secret_value(), known, Rates(store, limits))
    problems.add_handlers(app)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    app.add_middleware(Requests)
    if origins := settings.api_origins.split():
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "traceparent", "X-Request-ID"],
            expose_headers=["RateLimit", "RateLimit-Policy", "X-Request-ID", "X-Data-As-Of"],
            max_age=600,
        )


def app_from_settings() -> Starlette:
    """Make the application from the environment: ``uvicorn --factory gateway.app:app_from_settings``."""
    return create_app(load_settings(), writes_apart=True)
