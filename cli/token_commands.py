"""``bma token``: machines that may use the API."""

from typing import Annotated

import typer

from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.errors import PermanentError
from core.store import audit, service_tokens
from core.vocabulary import Role

token = typer.Typer(no_args_is_help=True, help="Service tokens: machines that may use the API.")


@token.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Which machine or program it is for.")],
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.VIEWER,
    as_json: Json = False,
) -> None:
    """Make a token and print it, once. Example: bma token create "CRM server" --role marketer."""
    now = utc_now()
    with open_steps().store.begin() as connection:
        token_id, text = service_tokens.create(connection, name=name, role=role, now=now)
        detail = {"name": name, "role": role}
        audit.write(connection, actor="cli", action="create_token", target=token_id, detail=detail, now=now)
    show({"token_id": token_id, "name": name, "role": str(role), "token": text}, as_json)


@token.command("list")
def list_tokens(as_json: Json = False) -> None:
    """List tokens, when they were last used, and whether they were revoked. Example: bma token list."""
    with open_steps().store.connect() as connection:
        show(service_tokens.every(connection), as_json)


@token.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(help="As `bma token list` shows it.")]) -> None:
    """Take a token back, at once. Example: bma token revoke 0c7e…."""
    now = utc_now()
    with open_steps().store.begin() as connection:
        if not service_tokens.revoke(connection, token_id, now):
            raise PermanentError(f"there is no standing token {token_id}: see `bma token list`")
        audit.write(connection, actor="cli", action="revoke_token", target=token_id, detail={}, now=now)
