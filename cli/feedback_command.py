"""``bma feedback``: tell the CRM what we did and heard."""

from cli.output import Json, open_steps, show


def feedback(as_json: Json = False) -> None:
    """Write notes into the CRM that it does not have yet, each once. Example: bma feedback."""
    show(vars(open_steps().tell_crm()), as_json)
