"""What every command shares: the installation it works on, and how a result is printed."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.settings import load_settings

if TYPE_CHECKING:
    from assets.steps import Steps

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def open_steps() -> "Steps":
    """Return the pipeline's steps, bound to the settings; imported late, because commands should start fast."""
    from assets.steps import Steps

    return Steps(load_settings())


def show(result: Any, as_json: bool) -> None:
    """Print a result: JSON where asked for, else a table for rows and lines for one thing, of what there is."""
    if as_json:
        print(json.dumps(result, default=str, ensure_ascii=False, indent=2))
    elif isinstance(result, list):
        _show_rows(result)
    else:
        for name, value in result.items():
            if value is None:
                continue
            text = json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict | list) else value
            print(f"{name}: {text}")


def _show_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("nothing")
        return
    table = Table(*rows[0], header_style="bold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console(highlight=False).print(table)
