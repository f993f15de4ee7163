"""``bma campaign``: look at campaigns, run them, hold them."""

from typing import Annotated

import sqlalchemy as sa
import typer

from campaigns.playbooks import read_playbook, read_playbooks
from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.errors import PermanentError
from core.store import audit, campaigns, ledger, outbox
from core.store.tables import campaign_runs, messages

campaign = typer.Typer(no_args_is_help=True, help="Campaigns: list, plan, run, pause, resume, cancel, report.")
Name = Annotated[str, typer.Argument(help="The campaign's id, e.g. renewal.")]


@campaign.command("list")
def list_campaigns(as_json: Json = False) -> None:
    """List the campaigns, when they run and whether they are held. Example: bma campaign list."""
    with open_steps().store.connect() as connection:
        held = campaigns.standing_holds(connection)
    rows = [
        {
            "campaign_id": book.campaign_id,
            "name": book.name,
            "purpose": book.purpose,
            "cron": book.cron,
            "held": held.get(f"campaign:{book.campaign_id}") or held.get("all"),
        }
        for book in read_playbooks()
    ]
    show(rows, as_json)


@campaign.command("run")
def run(campaign_id: Name, as_json: Json = False) -> None:
    """Decide, plan and send today's occurrence; a second call changes nothing. Example: bma campaign run renewal."""
    steps = open_steps()
    steps.cancel_ineligible()
    report = steps.run_campaign(campaign_id)
    sent = steps.send_due().counts
    show(
        {
            "run_id": report.run_id,
            "audience": report.audience,
            "outcomes": report.outcomes,
            "planned": report.planned,
            "sent": sent,
        },
        as_json,
    )


@campaign.command("plan")
def plan(campaign_id: Name, as_json: Json = False) -> None:
    """Decide and plan today's occurrence without sending. Example: bma campaign plan renewal."""
    report = open_steps().run_campaign(campaign_id)
    show(
        {"run_id": report.run_id, "audience": report.audience, "outcomes": report.outcomes, "planned": report.planned},
        as_json,
    )


@campaign.command("pause")
def pause(campaign_id: Name, reason: Annotated[str, typer.Option(help="Why.")] = "paused by hand") -> None:
    """Stop sending between two messages. Example: bma campaign pause renewal --reason "wrong price"."""
    read_playbook(campaign_id)
    now = utc_now()
    with open_steps().store.begin() as connection:
        campaigns.set_hold(connection, f"campaign:{campaign_id}", reason, "cli", now)
        audit.write(connection, actor="cli", action="pause", target=campaign_id, detail={"reason": reason}, now=now)


@campaign.command("resume")
def resume(campaign_id: Name) -> None:
    """Send again. Example: bma campaign resume renewal."""
    with open_steps().store.begin() as connection:
        if not campaigns.lift_hold(connection, f"campaign:{campaign_id}"):
            raise PermanentError(f"campaign {campaign_id} is not paused: see `bma campaign list`")
        audit.write(connection, actor="cli", action="resume", target=campaign_id, detail={}, now=utc_now())


@campaign.command("cancel")
def cancel(campaign_id: Name, as_json: Json = False) -> None:
    """Cancel what is planned and not yet claimed. Example: bma campaign cancel renewal."""
    read_playbook(campaign_id)
    now = utc_now()
    with open_steps().store.begin() as connection:
        cancelled = ledger.cancel_campaign(connection, campaign_id, reason="cancelled by hand", at=now)
        audit.write(
            connection, actor="cli", action="cancel", target=campaign_id, detail={"messages": cancelled}, now=now
        )
    show({"cancelled": cancelled}, as_json)


@campaign.command("show")
def show_campaign(campaign_id: Name, as_json: Json = False) -> None:
    """Tell how far sending has come, how fast, and why the rest waits. Example: bma campaign show renewal."""
    read_playbook(campaign_id)
    with open_steps().store.connect() as connection:
        result = outbox.progress(connection, campaign_id, utc_now())
        held = campaigns.standing_holds(connection)
    scopes = ("all", f"campaign:{campaign_id}")
    show({**result, "held": {scope: held[scope] for scope in scopes if scope in held}}, as_json)


@campaign.command("report")
def report(campaign_id: Name, as_json: Json = False) -> None:
    """Count a campaign's messages by run and status. Example: bma campaign report renewal."""
    read_playbook(campaign_id)
    query = (
        sa.select(campaign_runs.c.occurrence, messages.c.channel, messages.c.status, sa.func.count().label("messages"))
        .join(messages, messages.c.run_id == campaign_runs.c.run_id)
        .where(campaign_runs.c.campaign_id == campaign_id)
        .group_by(campaign_runs.c.occurrence, messages.c.channel, messages.c.status)
        .order_by(campaign_runs.c.occurrence, messages.c.channel, messages.c.status)
    )
    with open_steps().store.connect() as connection:
        show([dict(row) for row in connection.execute(query).mappings()], as_json)
