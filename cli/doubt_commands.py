"""``bma doubt``: messages nobody knows the fate of, and a person's decision about them."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.output import Json, open_steps, show
from core.errors import PermanentError
from core.store import doubts
from core.vocabulary import Channel, Status

doubt = typer.Typer(no_args_is_help=True, help="Messages in doubt: list, settle.")
Campaign = Annotated[str, typer.Option("--campaign", help="Only of this campaign, e.g. renewal.")]
Run = Annotated[str, typer.Option("--run", help="Only of this run.")]
On = Annotated[Channel | None, typer.Option("--channel", help="Only on this channel.")]


class Finding(StrEnum):
    """What a person found out."""

    SENT = "sent"
    NOT_SENT = "not-sent"


@doubt.command("list")
def list_doubts(campaign: Campaign = "", run: Run = "", channel: On = None, as_json: Json = False) -> None:
    """List them with why, since when and what could settle them. Example: bma doubt list --channel whatsapp."""
    steps = open_steps()
    which = doubts.chosen(campaign_id=campaign, run_id=run, channel=channel or "")
    with steps.store.connect() as connection:
        rows = [each._asdict() for each in doubts.standing(connection, which, steps.clock())]
    show(rows, as_json)


@doubt.command("settle")
def settle(
    finding: Annotated[Finding, typer.Option("--as", help="sent: the provider took it; not-sent: it never did.")],
    reason: Annotated[str, typer.Option(help="How you know; it is kept in the audit log.")],
    message_id: Annotated[str, typer.Argument(help="One message; or say --run or --campaign for all of theirs.")] = "",
    campaign: Campaign = "",
    run: Run = "",
    channel: On = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="With not-sent: do not send it again.")] = False,
    as_json: Json = False,
) -> None:
    """Decide by hand. Example: bma doubt settle MESSAGE_ID --as not-sent --reason "not in Meta's log".

    What was sent becomes accepted. What was not is planned again, or cancelled. Only what is still in doubt moves.
    """
    if bool(message_id) == bool(campaign or run):
        raise PermanentError("say which: one MESSAGE_ID, or all of --run or --campaign")
    if cancel and finding is Finding.SENT:
        raise PermanentError("what was sent cannot be cancelled: leave out --cancel")
    if not reason.strip():
        raise PermanentError("say how you know: --reason must not be empty")
    status = Status.ACCEPTED if finding is Finding.SENT else Status.CANCELLED if cancel else Status.PLANNED
    steps = open_steps()
    which = doubts.chosen(message_id=message_id, campaign_id=campaign, run_id=run, channel=channel or "")
    with steps.store.begin() as connection:
        done = doubts.decide(connection, which, status, reason=reason, actor="cli", now=steps.clock())
        if not done.message_ids:
            why = doubts.unknown_because(connection, message_id) if message_id else "nothing is in doubt there"
            raise PermanentError(f"{why}: see `bma doubt list`")
    show({"settled": len(done.message_ids), "status": str(status), "too_late_to_send": done.too_late}, as_json)
