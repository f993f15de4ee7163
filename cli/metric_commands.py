"""``bma metric``: the numbers of the dashboard, at any grain."""

from datetime import datetime
from typing import Annotated

import typer

from cli.output import Json, open_steps, show
from core.errors import PermanentError
from warehouse import measure, publish

metric = typer.Typer(no_args_is_help=True, help="Metrics, each defined once in warehouse/metrics.")


@metric.command("list")
def list_metrics(as_json: Json = False) -> None:
    """List the metrics and by what they may be asked. Example: bma metric list."""
    rows = [
        {"metric": each.name, "unit": each.unit, "by": ", ".join(each.grain), "description": each.description}
        for each in measure.read_metrics().values()
    ]
    show(rows, as_json)


@metric.command("show")
def show_metric(
    name: Annotated[str, typer.Argument(help="e.g. open_rate_human")],
    by: Annotated[list[str] | None, typer.Option(help="A column of its grain; may be repeated.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="COLUMN=VALUE; may be repeated.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = None,
    as_json: Json = False,
) -> None:
    """Print a metric, from the published copy. Example: bma metric show open_rate_human --by channel."""
    pairs = [text.partition("=") for text in only or ()]
    if bad := [column for column, sign, _ in pairs if not sign]:
        raise PermanentError(f"--only {bad[0]} has no value: say --only channel=email")
    query, bound = measure.measure(
        name, by=by or (), since=since.date() if since else None, only={column: value for column, _, value in pairs}
    )
    settings = open_steps().settings
    _, connection = publish.open_newest(settings.serve_dir, settings.warehouse_key.get_secret_value())
    with connection:
        show(connection.execute(query, bound or None).pl().to_dicts(), as_json)
