"""``bma predict``: score now what Dagster scores every morning."""

from typing import Annotated

import typer

from cli.output import Json, open_steps, show


def predict(
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit every model anew, not only those older than a week.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Foresee who may leave, what customers will buy and when people react. Example: bma predict --refit."""
    from assets.scoring import predict as score

    rows = [
        {
            "model": each.model.model_id,
            "state": each.model.state,
            "version": each.model.model_version,
            "fitted_now": each.is_new,
            "events": each.model.events,
            "scored": f"{each.scored} of {each.rows}",
        }
        for each in score(open_steps(), refit=refit)
    ]
    show(rows, as_json)
