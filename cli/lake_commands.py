"""``bma lake``: moving to a lake, keeping a host's copy of what was published from it, keeping it tidy."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.output import Json, open_steps, show
from core.errors import TransientError
from core.logs import get_logger

lake = typer.Typer(no_args_is_help=True, help="The warehouse of many machines: see docs/scaling.md.")


@lake.command()
def move(
    file: Annotated[Path, typer.Argument(help="The DuckDB file to leave.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Copy a warehouse file's raw tables into an empty lake. Example: bma lake move data/warehouse.duckdb."""
    show({"rows": open_steps().move_into_lake(file)}, as_json)


@lake.command()
def follow(
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 30.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
    as_json: Json = False,
) -> None:
    """Keep this host's copy for its readers as new as what was published. Example: bma lake follow --every 30."""
    steps = open_steps()
    while not once:
        try:
            if version := steps.follow():
                get_logger().info("followed", version=version.name)
        except TransientError as error:
            get_logger().warning("lake_does_not_answer", error=str(error))  # readers keep the copy they have
        time.sleep(every)
    version = steps.follow()
    show({"version": version.name if version else None}, as_json)


@lake.command()
def tidy(
    grace_hours: Annotated[float, typer.Option(help="Longer than the longest query, load, build or copy.")] = 6.0,
    as_json: Json = False,
) -> None:
    """Merge small files, forget old snapshots. Example: bma lake tidy --grace-hours 12."""
    tidied = open_steps().tidy_lake(timedelta(hours=grace_hours))
    show(vars(tidied) if tidied else {"skipped": "the warehouse is a file"}, as_json)
