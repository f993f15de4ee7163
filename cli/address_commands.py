"""``bma address``: link a contact's LINE by a one-time code, see what is linked, unlink it."""

from typing import Annotated

import typer

from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.errors import PermanentError
from core.store import addresses, audit, consents, line_links
from warehouse import publish

address = typer.Typer(no_args_is_help=True, help="Addresses the CRM does not have: link LINE, show, revoke.")
Contact = Annotated[str, typer.Argument(help="The CRM's contact id.")]


@address.command("code")
def make_code(contact_id: Contact, as_json: Json = False) -> None:
    """Make a code for a contact to send to our LINE account, once. Example: bma address code 4711."""
    from senders.line.linking import chat_link, invitation

    steps, now = open_steps(), utc_now()
    _, published = publish.open_newest(steps.settings.serve_dir, steps.warehouse_key)
    with published:
        known = published.execute("select is_active from marts.contacts where contact_id = ?", [contact_id]).fetchone()
    if known is None or not known[0]:
        raise PermanentError(f"there is no active contact {contact_id}: give the CRM's id of one")
    words = invitation()
    with steps.store.begin() as connection:
        code = line_links.issue(
            connection,
            contact_id,
            secret=steps.settings.link_secret.get_secret_value(),
            source="staff",
            issued_by="cli",
            shown=words,
            now=now,
        )
        audit.write(connection, actor="cli", action="issue_line_code", target=contact_id, detail={}, now=now)
    link = chat_link(steps.settings.line_account, code.text)
    show({"code": code.text, "expires_at": code.expires_at, "chat_link": link, "tell": words}, as_json)


@address.command("list")
def list_addresses(contact_id: Contact, as_json: Json = False) -> None:
    """Show a contact's linked addresses and what the person agreed to. Example: bma address list 4711."""
    with open_steps().store.connect() as connection:
        found = addresses.known(connection, contact_id)
        said = consents.history(connection, contact_id)
    show({"addresses": found, "consents": said}, as_json)


@address.command("revoke")
def revoke(contact_id: Contact) -> None:
    """Unlink a contact's LINE; what is planned there is cancelled. Example: bma address revoke 4711."""
    now = utc_now()
    with open_steps().store.begin() as connection:
        found = line_links.unlink(connection, contact_id, by="cli", now=now)
        if not found:
            raise PermanentError(f"contact {contact_id} has no LINE linked: see `bma address list`")
        detail = {"line_users": len(found)}
        audit.write(connection, actor="cli", action="unlink_line", target=contact_id, detail=detail, now=now)
