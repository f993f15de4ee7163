"""``bma campaign``: every command; the life of a campaign and looking ahead have files of their own."""

from typing import Any

import sqlalchemy as sa
import typer

from campaigns import definitions, states
from cli import campaign_life, campaign_look
from cli.campaign_life import Name
from cli.output import Json, open_steps, show
from core.errors import PermanentError
from core.store import campaigns, outbox
from core.store.tables import campaign_runs, messages

campaign = typer.Typer(
    no_args_is_help=True,
    help="Campaigns: draft, check, preview, approve, schedule, run, pause, cancel, report, replay, why.",
)
for command in ("draft", "check", "approve", "schedule", "pause", "resume", "cancel"):
    campaign.command(command)(getattr(campaign_life, command))
campaign.command("preview")(campaign_look.preview_campaign)
campaign.command("test-send")(campaign_look.send_test)
campaign.command("experiment")(campaign_look.experiment)
campaign.command("why")(campaign_look.explain)
campaign.command("replay")(campaign_look.replay)


@campaign.command("list")
def list_campaigns(as_json: Json = False) -> None:
    """List the campaigns, where they stand, when they run and whether they are held. Example: bma campaign list."""
    steps = open_steps()
    standing = {each.campaign_id: each for each in states.list_states(steps.store)}
    with steps.store.connect() as connection:
        held = campaigns.standing_holds(connection)
    rows = [
        {
            "campaign_id": book.campaign_id,
            "name": book.name,
            "purpose": book.purpose,
            "status": standing[book.campaign_id].status if book.campaign_id in standing else "scheduled",
            "cron": book.cron or book.at,
            "next": book.next_slot(steps.clock()),
            "held": held.get(f"campaign:{book.campaign_id}") or held.get("all"),
        }
        for book in definitions.all_campaigns(steps.store)
    ]
    show(rows, as_json)


@campaign.command("run")
def run(campaign_id: Name, as_json: Json = False) -> None:
    """Decide, plan and send today's occurrence; a second call changes nothing. Example: bma campaign run renewal."""
    steps = open_steps()
    steps.cancel_ineligible()
    report = _run(steps, campaign_id)
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
    report = _run(open_steps(), campaign_id)
    show(
        {"run_id": report.run_id, "audience": report.audience, "outcomes": report.outcomes, "planned": report.planned},
        as_json,
    )


def _run(steps: Any, campaign_id: str) -> Any:
    """Decide and plan. Raises PermanentError where the campaign may not run now, saying why."""
    report = steps.run_campaign(campaign_id)
    if report.reason:
        raise PermanentError(report.reason)
    return report


@campaign.command("show")
def show_campaign(campaign_id: Name, as_json: Json = False) -> None:
    """Tell how far sending has come, how fast, and why the rest waits. Example: bma campaign show renewal."""
    steps = open_steps()
    definitions.find(steps.store, campaign_id)
    with steps.store.connect() as connection:
        result = outbox.progress(connection, campaign_id, steps.clock())
        held = campaigns.standing_holds(connection)
    scopes = ("all", f"campaign:{campaign_id}")
    show({**result, "held": {scope: held[scope] for scope in scopes if scope in held}}, as_json)


@campaign.command("report")
def report(campaign_id: Name, as_json: Json = False) -> None:
    """Count a campaign's messages by run and status. Example: bma campaign report renewal."""
    steps = open_steps()
    definitions.find(steps.store, campaign_id)
    query = (
        sa.select(
            campaign_runs.c.run_id,
            campaign_runs.c.occurrence,
            messages.c.channel,
            messages.c.status,
            sa.func.count().label("messages"),
        )
        .join(messages, messages.c.run_id == campaign_runs.c.run_id)
        .where(campaign_runs.c.campaign_id == campaign_id)
        .group_by(campaign_runs.c.run_id, campaign_runs.c.occurrence, messages.c.channel, messages.c.status)
        .order_by(campaign_runs.c.occurrence, messages.c.channel, messages.c.status)
    )
    with steps.store.connect() as connection:
        show([dict(row) for row in connection.execute(query).mappings()], as_json)
