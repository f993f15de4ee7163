"""``bma hold``: the switches that stop sending between two messages."""

from typing import Annotated

import typer

from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.errors import PermanentError
from core.store import audit, campaigns, lanes
from core.vocabulary import Channel

hold = typer.Typer(no_args_is_help=True, help="Switches: stop everything, a channel, a campaign or a template.")
Scope = Annotated[str, typer.Argument(help="all, channel:line, campaign:renewal or template:renewal_14")]


def _check(scope: str) -> str:
    kind, _, name = scope.partition(":")
    is_good = scope == "all" or (kind in {"channel", "campaign", "template"} and name)
    if not is_good or (kind == "channel" and name not in set(Channel)):
        raise PermanentError(f"{scope!r} is no scope: say all, channel:line, campaign:renewal or template:renewal_14")
    return scope


@hold.command("list")
def list_holds(as_json: Json = False) -> None:
    """List what is held or pauses, and why. Example: bma hold list."""
    with open_steps().store.connect() as connection:
        rows = [
            {"scope": scope, "reason": reason, "until": "somebody lifts it"}
            for scope, reason in campaigns.standing_holds(connection).items()
        ]
        rows += [
            {"scope": f"channel:{lane['channel']}", "reason": lane["pause_reason"], "until": lane["paused_until"]}
            for lane in lanes.standing(connection)
            if lane["paused_until"] and lane["paused_until"] > utc_now()
        ]
    show(rows, as_json)


@hold.command("set")
def set_hold(scope: Scope, reason: Annotated[str, typer.Option(help="Why.")] = "held by hand") -> None:
    """Stop sending, between two messages. Example: bma hold set all --reason "wrong prices"."""
    with open_steps().store.begin() as connection:
        campaigns.set_hold(connection, _check(scope), reason, "cli", utc_now())
        audit.write(connection, actor="cli", action="hold", target=scope, detail={"reason": reason}, now=utc_now())


@hold.command("lift")
def lift_hold(scope: Scope) -> None:
    """Send again. Example: bma hold lift all."""
    with open_steps().store.begin() as connection:
        if not campaigns.lift_hold(connection, _check(scope)):
            raise PermanentError(f"{scope} is not held: see `bma hold list`")
        audit.write(connection, actor="cli", action="lift", target=scope, detail={}, now=utc_now())
