"""``bma backup`` and ``bma restore``: one command each for store and warehouse."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.output import Json, open_steps, show


class Part(StrEnum):
    """What to restore, when not both."""

    STORE = "store"
    WAREHOUSE = "warehouse"


def backup(
    to: Annotated[Path, typer.Argument(help="The folder to make; it must not be there yet.")],
    in_the_clear: Annotated[
        bool, typer.Option("--in-the-clear", help="Copy a warehouse that is encrypted, without encryption.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy store and warehouse as of now, while everything runs. Example: bma backup /backups/2026-03-02.

    It holds contact details: only its owner can read it. See docs/runbooks/backup-and-restore.md.
    """
    from cli.backup import back_up

    made = back_up(open_steps(), to, in_the_clear=in_the_clear)
    size = sum(each["size_bytes"] for each in made["files"].values())
    total = {"folder": str(to), "made_at": made["made_at"], "files": len(made["files"]), "size_bytes": size}
    tables = {table["name"]: table["rows"] for table in made["warehouse"]["tables"]}
    show({**total, "store": made["store"]["rows"], "warehouse": tables} if as_json else total, as_json)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="A folder that bma backup made.")],
    only: Annotated[Part | None, typer.Option(help="store or warehouse; both, if not said.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Lose what store and warehouse hold now.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup back, send nothing, say what is uncertain. Example: bma restore /backups/2026-03-02 --only store.

    Stop everything first. What may have been sent since the backup is in doubt, and everything is held afterwards.
    """
    from cli.backup import restore as put_back

    done = put_back(open_steps(), source, only=only, is_replacing=replace)
    told = {"made_at": done.made_at, "rows": sum(done.rows.values()), "known_from_the_warehouse": done.rolled_forward}
    if done.uncertain is not None:
        told |= {"in_doubt": done.uncertain.in_doubt, "still_planned": done.uncertain.planned}
        told |= {"decisions_taken_back": done.decisions_taken_back, "held": "everything: see `bma hold list`"}
    show({**told, "left_to_do": done.left_to_do}, as_json)
    if done.left_to_do:
        raise typer.Exit(1)
