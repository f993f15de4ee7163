"""``bma export``: the published tables as files, for tools that read no DuckDB."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.errors import PermanentError
from core.store import audit

if TYPE_CHECKING:
    from assets.steps import Steps


def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go; made if it is not there.")],
    table: Annotated[list[str] | None, typer.Option(help="e.g. messages; may be repeated. All, if not said.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day (UTC) to write, of tables divided by day.")
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help="parquet or csv.")] = "parquet",
    with_contact_details: Annotated[
        bool, typer.Option("--with-contact-details", help="Addresses and texts in the clear; noted in the audit log.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the newest published tables to files. Example: bma export out --table messages --since 2026-03-01."""
    from warehouse.export import Wish
    from warehouse.export import export as write
    from warehouse.publish import newest

    steps = open_steps()
    version = newest(steps.settings.serve_dir)
    if version is None:
        raise PermanentError("nothing is published yet: see `bma publish`")
    wish = Wish(
        tables=tuple(table or ()),
        since=since.date() if since else None,
        file_format=file_format,
        with_contact_details=with_contact_details,
    )
    if with_contact_details:
        _note(steps, folder, wish.tables)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("export", total=None)
        files = write(
            version,
            folder,
            wish,
            key=steps.settings.warehouse_key.get_secret_value(),
            on_file=lambda done, of, name: progress.update(task, completed=done, total=of, description=name),
        )
    rows, size = sum(each.rows for each in files), sum(each.size_bytes for each in files)
    total = {"version": version.name, "folder": str(folder), "files": len(files), "rows": rows, "size_bytes": size}
    show({**total, "written": [vars(each) for each in files]} if as_json else total, as_json)


def _note(steps: "Steps", folder: Path, tables: tuple[str, ...]) -> None:
    """Write down who took addresses out, before the first of them leaves."""
    detail = {"folder": str(folder), "tables": ", ".join(tables) or "all"}
    with steps.store.begin() as connection:
        audit.write(connection, actor="cli", action="export", target="contact_details", detail=detail, now=utc_now())
