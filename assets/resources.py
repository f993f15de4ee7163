"""What assets are given: the installation's steps, each told about to operators."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property, wraps
from inspect import isfunction
from typing import Any, cast

import dagster as dg
from pydantic import PrivateAttr

from assets.steps import Steps
from core import telemetry, traces
from core.settings import load_settings


class Installation(dg.ConfigurableResource):
    """This machine's installation, read from the settings when a run first asks for it."""

    _run_id: str = PrivateAttr(default="")

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Keep the run's id: it is the trace's too."""
        self._run_id = context.run_id or ""

    @cached_property
    def steps(self) -> Steps:
        """The steps of the pipeline, bound to the settings."""
        settings = load_settings()
        telemetry.start("dagster", settings)
        return told(Steps(settings), self._run_id)

    def step(self, action: str) -> AbstractContextManager[None]:
        """Tell about a step that an asset puts together itself."""
        return telemetry.run_step(action, parent=_trace(self._run_id))


class _Told:
    """Steps of which each call is told about; everything else is the steps' own."""

    def __init__(self, steps: Steps, parent: str | None) -> None:
        self._steps, self._parent = steps, parent

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._steps, name)
        is_step = isfunction(vars(Steps).get(name)) and name not in vars(self._steps)
        return self._telling(name, found) if is_step and not hasattr(found, "__wrapped__") else found

    def _telling(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(step)
        def tell(*args: Any, **kwargs: Any) -> Any:
            with telemetry.run_step(name, parent=self._parent):
                return step(*args, **kwargs)

        return tell


def told(steps: Steps, run_id: str) -> Steps:
    """Return steps whose calls are told about, in the trace of a Dagster run."""
    return cast("Steps", _Told(steps, _trace(run_id)))


def _trace(run_id: str) -> str | None:
    return traces.of_run(run_id) if run_id else None


WRITES_WAREHOUSE = "warehouse"  # the pool whose limit of one makes one writer at a time
