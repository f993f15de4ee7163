"""``bma inbox``: webhooks that could not be understood, kept for replay."""

from typing import Annotated

import typer

from cli.output import Json, open_steps, show
from core.store import inbox as store_inbox

inbox = typer.Typer(no_args_is_help=True, help="The inbox of raw webhooks: list, replay.")


@inbox.command("list")
def list_inbox(
    state: Annotated[str, typer.Option(help="received, applied or rejected")] = "rejected", as_json: Json = False
) -> None:
    """List deliveries by state, oldest first. Example: bma inbox list --state rejected."""
    with open_steps().store.connect() as connection:
        rows = store_inbox.rows(connection, state)
    show([{key: row[key] for key in ("inbox_id", "source", "state", "reason", "received_at")} for row in rows], as_json)


@inbox.command("replay")
def replay(as_json: Json = False) -> None:
    """Translate rejected deliveries again, after an upgrade or a fix. Example: bma inbox replay."""
    from gateway.applying import replay as replay_rejected

    steps = open_steps()
    show(replay_rejected(steps.store, steps.settings, now=steps.clock()), as_json)
