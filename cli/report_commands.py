"""``bma report``: what people saved on the dashboard's page, seen, written to files and sent."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.output import Json, open_steps, show
from core.errors import PermanentError
from core.store import audit, report_deliveries, reports
from core.store.engine import reading
from core.store.reports import Kept
from warehouse import publish

report = typer.Typer(no_args_is_help=True, help="Saved reports: list, show, send.")
Name = Annotated[str, typer.Argument(help="The report's id: see bma report list.")]


@report.command("list")
def list_reports(as_json: Json = False) -> None:
    """List the saved reports. Example: bma report list."""
    from reports.definition import read_report

    with reading(open_steps().store) as connection:
        kept = reports.list_all(connection)
    rows = []
    for each in kept:
        asked = read_report(each.content)
        goes_out = f"{asked.schedule.cron} {asked.schedule.time_zone}" if asked.schedule else ""
        row = {"report": each.report_id, "name": asked.name, "version": each.version, "owner": each.owner}
        rows.append({**row, "metrics": ", ".join(asked.metrics), "by": ", ".join(asked.by), "goes_out": goes_out})
    show(rows, as_json)


@report.command("show")
def show_report(
    name: Name,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write it to this file: .csv, .xlsx, .parquet or .pdf.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of a PDF: en or th.")] = "en",
    as_json: Json = False,
) -> None:
    """Answer a saved report from the published copy. Example: bma report show monthly-4f2a10 --to july.xlsx."""
    from reports import files, pdf
    from reports.answer import answer
    from reports.definition import read_report
    from reports.words import Words

    steps = open_steps()
    asked = read_report(_kept(steps, name).content)
    now = steps.clock().astimezone(ZoneInfo(steps.settings.time_zone))
    version, connection = publish.open_newest(steps.settings.serve_dir, steps.warehouse_key)
    with connection:
        frame = answer(asked, lambda query, bound: connection.execute(query, dict(bound) or None).pl(), now.date())
    if to is None:
        show(frame.to_dicts(), as_json)
        return
    making = pdf.Making(asked_at=now, published_at=version.published_at, zone=steps.settings.time_zone)
    writers: dict[str, Callable[[Any], bytes]] = {
        ".pdf": lambda found: pdf.pdf_bytes(asked, found, Words(language), making),
        ".csv": files.csv_bytes,
        ".xlsx": files.xlsx_bytes,
        ".parquet": files.parquet_bytes,
    }
    if to.suffix not in writers:
        raise PermanentError(f"{to} has no kind we write: end it in {', '.join(writers)}")
    to.write_bytes(writers[to.suffix](frame))
    show({"file": str(to), "rows": len(frame)}, as_json)


@report.command("send")
def send_report(
    name: Annotated[str, typer.Argument(help="The report's id; none with --due.")] = "",
    to: Annotated[list[str] | None, typer.Option(help="To this address of the staff; may be repeated.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Send whatever is due now, as the schedule does.")] = False,
    by: Annotated[str, typer.Option(help="Who does it, for the audit log.")] = "cli",
    as_json: Json = False,
) -> None:
    """Send a report by email, or all that are due. Example: bma report send monthly-4f2a10 --to nok@bma.example."""
    from reports.sending import Office

    steps = open_steps()
    office = Office(steps.settings, steps.store, steps.clock)
    if due:
        states = office.send_due()
    elif name:
        kept = _kept(steps, name)
        with steps.store.begin() as connection:
            detail = {"count": len(to or ()), "version": kept.version}
            audit.write(connection, actor=by, action="send_report", target=name, detail=detail, now=steps.clock())
        states = {name: office.send_now(kept, to or ())}
    else:
        raise PermanentError("say which report, or --due")
    rows = [{"report": key, "to": to, "state": state} for key, each in states.items() for to, state in each.items()]
    show(rows, as_json)
    if any(row["state"] != report_deliveries.SENT for row in rows):
        raise typer.Exit(1)


def _kept(steps: Any, report_id: str) -> Kept:
    with reading(steps.store) as connection:
        found = reports.find(connection, report_id)
    if found is None:
        raise PermanentError(f"no report is called {report_id}: see bma report list")
    return found
