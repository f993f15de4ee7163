"""``bma inbox``: webhooks that could not be understood, kept for replay."""

import json
from typing import Annotated

import typer

from core.settings import load_settings
from core.store import inbox as store_inbox

inbox = typer.Typer(no_args_is_help=True, help="The inbox of raw webhooks: list, replay.")
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@inbox.command("list")
def list_inbox(
    state: Annotated[str, typer.Option(help="received, applied or rejected")] = "rejected", as_json: Json = False
) -> None:
    """List deliveries by state, oldest first. Example: bma inbox list --state rejected."""
    from assets.steps import Steps

    with Steps(load_settings()).store.connect() as connection:
        rows = store_inbox.rows(connection, state)
    shown = [{key: row[key] for key in ("inbox_id", "source", "state", "reason", "received_at")} for row in rows]
    text = json.dumps(shown, default=str, ensure_ascii=False, indent=2)
    print(text if as_json else text.replace('"', ""))


@inbox.command("replay")
def replay(as_json: Json = False) -> None:
    """Translate rejected deliveries again, after an upgrade or a fix. Example: bma inbox replay."""
    from assets.steps import Steps
    from gateway.intake import replay_rejected

    settings = load_settings()
    steps = Steps(settings)
    replayed = replay_rejected(steps.store, settings, now=steps.clock())
    print(
        json.dumps(replayed) if as_json else f"understood now: {replayed['applied']}, still not: {replayed['rejected']}"
    )
