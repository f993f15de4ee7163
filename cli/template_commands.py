"""``bma template``: check templates as a channel will, save them as new versions, see which may be sent."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.errors import PermanentError
from core.store import audit
from core.store.templates import template_states
from core.vocabulary import Channel

template = typer.Typer(no_args_is_help=True, help="Templates: check, save, list.")
File = Annotated[Path, typer.Argument(help="As the files of campaigns/playbooks/templates.")]
Channels = Annotated[list[Channel] | None, typer.Option("--channel", help="Only this channel; may be repeated.")]


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise PermanentError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(each, dict) for each in content.values()):
        raise PermanentError(f"{path}: write one entry per template, as in campaigns/playbooks/templates")
    return content


def _wanted(channels: list[Channel] | None) -> list[Channel]:
    return channels or [Channel.EMAIL, Channel.WHATSAPP, Channel.LINE]


@template.command("check")
def check_file(path: File, channel: Channels = None, as_json: Json = False) -> None:
    """Say what is wrong with the templates of a file. Example: bma template check songkran.yaml --channel line."""
    from campaigns import template_store

    rows = [
        {
            "template": template_id,
            "channel": place[0],
            "language": place[1],
            "field": each.field,
            "problem": each.said,
            "ปัญหา": each.said_th,
            "source": each.source,
        }
        for template_id, content in _read(path).items()
        for place, problems in template_store.check(template_id, content, _wanted(channel)).items()
        for each in problems
    ]
    show(rows, as_json)
    if rows:
        raise typer.Exit(1)


@template.command("save")
def save_file(path: File, channel: Channels = None, as_json: Json = False) -> None:
    """Save the templates of a file, each a new version where it changed. Example: bma template save songkran.yaml."""
    from campaigns import template_store

    store, now, rows = open_steps().store, utc_now(), []
    for template_id, content in _read(path).items():
        versions = template_store.save(store, template_id, content, _wanted(channel), actor="cli", now=now)
        rows += [
            {"template": template_id, "channel": key[1], "language": key[2], "version": version}
            for key, version in versions.items()
        ]
        with store.begin() as connection:
            audit.write(connection, actor="cli", action="save_template", target=template_id, detail={}, now=now)
    show(rows, as_json)


@template.command("list")
def list_templates(as_json: Json = False) -> None:
    """List the newest versions, their state at the provider and who saved them. Example: bma template list."""
    with open_steps().store.connect() as connection:
        show(template_states(connection), as_json)
