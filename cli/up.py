"""``bma up``: the demo's history first, then every process of the product, until Ctrl-C."""

import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from assets.steps import Steps
from cli import world
from cli.dagster_home import prepare_dagster_home
from cli.demo import run_demo
from cli.processes import Processes, free_port, post_json, wait_for
from core.errors import HouseError
from core.settings import Settings, load_settings

_LIVED = "demo-lived-until.txt"


def run_up(*, companies: int, days: int, seed: int, console: Console) -> None:
    """Set up demo data unless it is there, start everything, print the addresses, wait for Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    data_dir = load_settings().data_dir.absolute()
    started = time.monotonic()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        base = _live_through(data_dir, companies, days, seed, progress)
    with Processes(data_dir / "logs") as processes:
        addresses = _start(processes, data_dir, companies, seed, base, console)
        _print_addresses(console, addresses, time.monotonic() - started)
        try:
            _watch(processes, console)
        except KeyboardInterrupt:
            console.print("\nStopping; what is planned stays planned. Run again to continue.")


def _live_through(data_dir: Path, companies: int, days: int, seed: int, progress: Progress) -> datetime:
    """Live through the demo's history unless that was done; returns its last day, around which its world is made."""
    marker = data_dir / _LIVED
    if marker.exists():
        lived_until = marker.read_text().strip()
        progress.console.print(f"Demo data is there, lived until {lived_until}; continuing from it.")
        return datetime.fromisoformat(lived_until).replace(tzinfo=UTC)
    end = datetime.now(UTC) - timedelta(days=1)
    task = progress.add_task(f"Living through {days} days with {companies} companies", total=None)
    settings = Settings(_env_file=None, data_dir=data_dir, public_url="http://127.0.0.1:0")
    run_demo(
        companies=companies,
        days=days,
        seed=seed,
        settings=settings,
        say=progress.console.print,
        end=end,
        on_cycle=lambda done, of: progress.update(task, completed=done, total=of),
    )
    marker.write_text(end.date().isoformat())
    return end


def _start(
    processes: Processes, data_dir: Path, companies: int, seed: int, base: datetime, console: Console
) -> dict[str, str]:
    secrets = world.read_secrets(data_dir)
    ports = {name: free_port(wanted) for name, wanted in {"gateway": 8000, "dashboard": 8501, "dagster": 3000}.items()}
    gateway_url = f"http://127.0.0.1:{ports['gateway']}"
    now = datetime.now(UTC)
    console.print("Starting the stand-in world, gateway, worker, Dagster and dashboard")
    crm = processes.start(
        "crm", *world.crm_arguments(secrets, companies, seed, now, base, gateway_url=gateway_url), answers=True
    )
    providers = processes.start(
        "providers", *world.provider_arguments(secrets, seed, gateway_url, live=True), answers=True
    )
    post_json(f"{providers['url']}/_sandbox/templates", {"templates": world.submitted_templates()})
    settings = world.settings_for(data_dir, secrets, crm, providers, gateway_url)
    dagster = prepare_dagster_home(data_dir / "dagster", load_settings().dagster_url.get_secret_value())
    processes.environment = {**world.environment_of(settings), **dagster}
    _catch_up(Steps(settings), console)
    processes.start("gateway", "cli", "gateway", "--port", str(ports["gateway"]))
    processes.start("worker", "cli", "worker")
    processes.start("crm-follower", "cli", "sync", "crm", "--follow")
    processes.start(
        "dashboard",
        "streamlit",
        "run",
        "dashboard/app.py",
        "--server.port",
        str(ports["dashboard"]),
        "--server.address",
        "127.0.0.1",
        "--server.headless",
        "true",
    )
    processes.start(
        "dagster-webserver", "dagster_webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(ports["dagster"])
    )
    processes.start("dagster-daemon", "dagster._daemon", "run", "-w", "workspace.yaml")
    addresses = {
        "Dashboard": f"http://127.0.0.1:{ports['dashboard']}",
        "Dagster": f"http://127.0.0.1:{ports['dagster']}",
        "Gateway": f"{gateway_url}/docs",
        "Stand-in CRM": str(crm["url"]),
        "Stand-in providers": str(providers["url"]),
    }
    wait_for(f"{gateway_url}/healthz")
    wait_for(f"http://127.0.0.1:{ports['dashboard']}/_stcore/health")
    return addresses


def _catch_up(steps: Steps, console: Console) -> None:
    """Publish data of now: those of the demo's last day, or of the last run, would stand until the hourly build."""
    console.print("Bringing the data up to now")
    try:
        for mode in ("incremental", "full"):  # the nightly compare, too, is some days old by now
            steps.sync_crm(mode)
        steps.sync_journal()
        steps.build()
        steps.publish()
    except HouseError as error:
        console.print(f"They stay as they are until the next hourly build: {error}")
    finally:
        steps.store.dispose()


def _print_addresses(console: Console, addresses: dict[str, str], seconds: float) -> None:
    table = Table(title=f"BMA Social is open ({seconds:.0f} s)", show_header=False, title_justify="left")
    for name, address in addresses.items():
        table.add_row(name, address)
    console.print(table)
    console.print("Ctrl-C stops everything. Logs lie in the data directory under logs/.")


def _watch(processes: Processes, console: Console) -> None:
    reported: set[str] = set()
    while True:
        for name in set(processes.dead()) - reported:
            reported.add(name)
            console.print(f"[red]{name} has ended[/red]: see {processes.log_dir / name}.log")
        if not sys.stdout.isatty():
            sys.stdout.flush()
        time.sleep(1)
