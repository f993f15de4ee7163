"""Scoring as one call, for the asset, the command line and the demo: predict, then build what shows it."""

from typing import TYPE_CHECKING

from assets.steps import Steps
from predictions.tables import MAKES
from warehouse import build
from warehouse.catalog import with_upstream
from warehouse.transaction import in_transaction

if TYPE_CHECKING:
    from predictions.run import Predicted


def predict(steps: Steps, *, refit: bool = False) -> "list[Predicted]":
    """Score companies and contacts on the marts as they stand; ``refit`` fits every model anew."""
    from predictions import run  # loads scipy

    with steps.warehouse() as connection:
        now = steps.clock()

        def work() -> "list[Predicted]":
            done = run.predict(connection, now, refit=refit)
            build.build(connection, now=now, select=with_upstream(*MAKES))
            return done

        return in_transaction(connection, work)
