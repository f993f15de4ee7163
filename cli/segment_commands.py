"""``bma segment``: who is in a segment, since when, and why."""

from typing import Annotated, Any

import typer

from campaigns.segments import read_segment
from cli.output import Json, open_steps, show

segment = typer.Typer(no_args_is_help=True, help="Segments: list, show, explain.")

_LIST = """
    select segment_id, name, member_count, definition_version, computed_at
    from raw.campaigns__segments order by segment_id
"""
_SHOW = """
    select contact_id, company_id, subject_type, subject_id, valid_from, reason
    from raw.campaigns__segment_memberships
    where segment_id = ? and valid_to is null order by valid_from desc, contact_id
"""
_EXPLAIN = """
    select contact_id, subject_id, valid_from, valid_to, definition_version, reason
    from raw.campaigns__segment_memberships
    where segment_id = ? and contact_id = ? order by valid_from
"""


def _query(sql: str, *parameters: str) -> list[dict[str, Any]]:
    with open_steps().warehouse() as connection:
        found = connection.execute(sql, parameters)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@segment.command("list")
def list_segments(as_json: Json = False) -> None:
    """List the segments and their sizes. Example: bma segment list."""
    show(_query(_LIST), as_json)


@segment.command("show")
def show_members(segment_id: Annotated[str, typer.Argument(help="e.g. renewal_due")], as_json: Json = False) -> None:
    """List a segment's members now, with the reason. Example: bma segment show renewal_due."""
    read_segment(segment_id)
    show(_query(_SHOW, segment_id), as_json)


@segment.command("explain")
def explain(segment_id: str, contact_id: str, as_json: Json = False) -> None:
    """Tell a contact's history in a segment. Example: bma segment explain renewal_due CONTACT_ID."""
    read_segment(segment_id)
    show(_query(_EXPLAIN, segment_id, contact_id), as_json)
