"""The life of a campaign, step by step: each command is one function of ``campaigns.states``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from campaigns import states
from campaigns.check import check as examine
from campaigns.looking import over_copy
from cli.output import Json, open_steps, show
from core.errors import PermanentError
from warehouse import publish

Name = Annotated[str, typer.Argument(help="The campaign's id, e.g. renewal.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit log.")]


@contextmanager
def looking(steps: Any) -> Iterator[Any]:
    """Open what previews read: the newest published copy. Raises PermanentError when there is none."""
    version = publish.newest(steps.settings.serve_dir)
    if version is None:
        raise PermanentError("nothing is published yet: see `bma publish`")
    with over_copy(version, steps.warehouse_key, steps.store) as connection:
        yield connection


def draft(
    file: Annotated[Path, typer.Argument(help="A campaign as YAML, in the shape of a playbook with its messages.")],
    by: By = "cli",
    as_json: Json = False,
) -> None:
    """Keep a new or changed campaign as a draft. Example: bma campaign draft songkran.yaml --by nok."""
    try:
        content = yaml.safe_load(file.read_text())
    except OSError as error:
        raise PermanentError(f"{file} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise PermanentError(f"{file} is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise PermanentError(f"{file}: a campaign is a mapping: campaign_id, name …")
    steps = open_steps()
    version = states.create_draft(steps.store, content, by=by, now=steps.clock())
    show({"campaign_id": content["campaign_id"], "version": version}, as_json)


def check(campaign_id: Name, by: By = "cli", as_json: Json = False) -> None:
    """Decide and render a draft as if it ran now; without problems it is checked.

    Example: bma campaign check songkran.
    """
    steps = open_steps()
    with looking(steps) as connection:
        found = examine(connection, steps.store, campaign_id, by=by, now=steps.clock())
    show({name: getattr(found, name) for name in ("campaign_id", "version", "status", "problems", "warnings")}, as_json)
    if found.problems:
        raise typer.Exit(1)


def approve(campaign_id: Name, by: By) -> None:
    """Approve a checked campaign that somebody else wrote. Example: bma campaign approve songkran --by lek."""
    steps = open_steps()
    by_another = steps.settings.approval_by_another
    states.approve(steps.store, campaign_id, by=by, now=steps.clock(), by_another=by_another)


def schedule(campaign_id: Name, by: By = "cli", as_json: Json = False) -> None:
    """Let an approved campaign run at its times. Example: bma campaign schedule songkran."""
    steps = open_steps()
    slot = states.schedule(steps.store, campaign_id, by=by, now=steps.clock())
    show({"campaign_id": campaign_id, "next": slot}, as_json)


def pause(
    campaign_id: Name, reason: Annotated[str, typer.Option(help="Why.")] = "paused by hand", by: By = "cli"
) -> None:
    """Stop sending between two messages. Example: bma campaign pause renewal --reason "wrong price"."""
    steps = open_steps()
    states.pause(steps.store, campaign_id, by=by, reason=reason, now=steps.clock())


def resume(campaign_id: Name, by: By = "cli") -> None:
    """Send again. Example: bma campaign resume renewal."""
    steps = open_steps()
    states.resume(steps.store, campaign_id, by=by, now=steps.clock())


def cancel(campaign_id: Name, by: By = "cli", as_json: Json = False) -> None:
    """Cancel what is planned and not yet claimed; what people made is over then.

    Example: bma campaign cancel renewal.
    """
    steps = open_steps()
    show({"cancelled": states.cancel(steps.store, campaign_id, by=by, now=steps.clock())}, as_json)
