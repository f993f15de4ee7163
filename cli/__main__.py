"""``bma``: every command of the product. ``bma COMMAND --help`` shows an example."""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.address_commands import address
from cli.backup_commands import backup, restore
from cli.campaign_commands import campaign
from cli.conversation_commands import conversation
from cli.crm_sync import crm_summary, follow_crm
from cli.doubt_commands import doubt
from cli.export_command import export
from cli.feedback_command import feedback
from cli.files_command import sync_files
from cli.hold_commands import hold
from cli.inbox_commands import inbox
from cli.lake_commands import lake
from cli.lineage_command import lineage
from cli.metric_commands import metric
from cli.output import Json, open_steps, show
from cli.predict_command import predict
from cli.reconcile_commands import reconcile
from cli.report_commands import report
from cli.segment_commands import segment
from cli.template_commands import template
from cli.token_commands import token
from core import metrics, telemetry
from core.errors import HouseError
from core.logs import configure_logs
from core.settings import load_settings
from senders import event_loop

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="BMA Social, on the command line.")
sync = typer.Typer(no_args_is_help=True, help="Load data into the warehouse's raw schema.")
app.add_typer(sync, name="sync")
app.add_typer(campaign, name="campaign")
app.add_typer(segment, name="segment")
app.add_typer(conversation, name="conversation")
app.add_typer(inbox, name="inbox")
app.add_typer(hold, name="hold")
app.add_typer(address, name="address")
app.add_typer(metric, name="metric")
app.add_typer(report, name="report")
app.add_typer(doubt, name="doubt")
app.add_typer(token, name="token")
app.add_typer(template, name="template")
sync.command("files")(sync_files)
app.add_typer(lake, name="lake")
app.command()(reconcile)
app.command()(export)
app.command()(feedback)
app.command()(predict)
app.command()(lineage)
app.command()(backup)
app.command()(restore)
_console = Console(stderr=True, highlight=False)


@app.command()
def up(
    companies: Annotated[int, typer.Option(help="Companies in the stand-in CRM.")] = 200,
    days: Annotated[int, typer.Option(help="Days of history to live through first.")] = 45,
    seed: Annotated[int, typer.Option(help="Seed of the stand-in world.")] = 7,
) -> None:
    """Start everything with demo data and print the addresses. Example: bma up --companies 300."""
    from cli.up import run_up

    run_up(companies=companies, days=days, seed=seed, console=Console(highlight=False))


@app.command()
def demo(
    companies: Annotated[int, typer.Option(help="Companies in the stand-in CRM.")] = 500,
    days: Annotated[int, typer.Option(help="Days to live through.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed gives the same counts.")] = 7,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
) -> None:
    """Run one whole cycle without a screen. Example: bma demo --companies 500 --days 60 --seed 7 --json out.json."""
    import tempfile

    from cli.demo import run_demo, write_json
    from cli.result import agrees
    from core.settings import Settings

    with tempfile.TemporaryDirectory(prefix="bma-demo-") as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), public_url="http://127.0.0.1:0")
        result = run_demo(
            companies=companies,
            days=days,
            seed=seed,
            settings=settings,
            say=_console.print,
            on_cycle=lambda done, of: _console.print(f"  lived through {done} of {of} stretches"),
        )
    if json_file:
        write_json(json_file, result)
    show(result, as_json=True)
    if not agrees(result):
        raise typer.Exit(1)


@sync.command("crm")
def sync_crm(
    mode: Annotated[
        str, typer.Option(help="incremental: what moved; full: compare every row, find what was deleted.")
    ] = "incremental",
    follow: Annotated[
        bool, typer.Option("--follow", help="Stay: load what webhooks name, look each minute for the rest.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load the CRM. Example: bma sync crm --mode full --json."""
    if mode not in {"incremental", "full"}:
        raise typer.BadParameter(f"{mode!r}: say incremental or full", param_hint="--mode")
    if follow:
        telemetry.start("crm-follower", load_settings())
        follow_crm(open_steps())
    else:
        show(crm_summary(open_steps().sync_crm(mode)), as_json)


@sync.command("journal")
def sync_journal(as_json: Json = False) -> None:
    """Load what the store recorded. Example: bma sync journal."""
    show({"rows": open_steps().sync_journal().rows}, as_json)


@sync.command("providers")
def sync_providers(
    days: Annotated[int, typer.Option(min=1, max=90, help="Whole days to look back.")] = 7, as_json: Json = False
) -> None:
    """Load the providers' own counts. Example: bma sync providers --days 30."""
    report = open_steps().sync_providers(days)
    show({"channels": report.channels, "rows": report.rows}, as_json)
    if report.failures:
        raise typer.Exit(1)


@sync.command("templates")
def sync_templates(as_json: Json = False) -> None:
    """Ask WhatsApp which templates may be sent: approval, pause, quality. Example: bma sync templates."""
    from assets.provider_templates import sync_templates as ask

    show([each._asdict() for each in ask(open_steps())], as_json)


@app.command()
def build(
    full: Annotated[bool, typer.Option("--full", help="Compute every row again, not only what changed.")] = False,
    as_json: Json = False,
) -> None:
    """Bring every model up to date and check its promises. Example: bma build --full."""
    steps = open_steps()
    runs = {
        str(run.model.address): {"rows": run.rows, "seconds": round(run.seconds, 3), "mode": run.mode}
        for run in steps.build(is_full=full)
    }
    found = steps.check()
    broken = [str(result) for result in found if result.is_error]
    warnings = [str(result) for result in found if not result.is_ok and not result.is_error]
    show({"models": runs, "broken": broken, "warnings": warnings}, as_json)
    if broken:
        raise typer.Exit(1)


@app.command()
def publish(as_json: Json = False) -> None:
    """Publish the marts for readers. Example: bma publish."""
    version = open_steps().publish()
    show({"version": version.name, "path": version.path}, as_json)


@app.command()
def encrypt(as_json: Json = False) -> None:
    """Encrypt what stands in the clear, once BMA_WAREHOUSE_KEY is set. Example: bma encrypt."""
    show({"encrypted": open_steps().encrypt()}, as_json)


@app.command()
def worker(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Stop when nothing is left that may go out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send what is planned, as it becomes due. Example: bma worker --until-idle."""
    steps = open_steps()
    telemetry.start("worker", steps.settings)
    if not until_idle:
        metrics.serve(steps.settings.metrics_address)
    show(steps.send_due().counts if until_idle else event_loop.run(_work(steps)).counts, as_json)


async def _work(steps: Any) -> Any:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return await steps.work(stop)


@app.command()
def gateway(
    port: Annotated[int, typer.Option(help="Port of the loopback address.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve webhooks, tracking, preferences and the API. Example: bma gateway --port 8000."""
    from gateway import serving
    from gateway.app import app_from_settings

    telemetry.start("gateway", load_settings())
    serving.run(app_from_settings, host=host, port=port)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is set up, what is closed and what is stale. Example: bma doctor."""
    from cli.doctor import examine

    findings = examine(open_steps())
    show(findings, as_json)
    if findings["problems"]:
        raise typer.Exit(1)


def main() -> None:
    """Run ``bma``; an error of ours is one line that says what to do, and a non-zero exit."""
    configure_logs("cli", level=logging.WARNING)  # what goes well is the command's own to say
    try:
        app()
    except HouseError as error:
        _console.print(f"[red]{type(error).__name__}[/red]: {error}", markup=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
