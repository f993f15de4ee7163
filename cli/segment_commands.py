"""``bma segment``: who is in a segment, since when, and why; what a changed definition would do."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
import yaml

from campaigns import backtest as backtests
from campaigns import compare, definitions, segments
from campaigns import explain as explanations
from campaigns.rules.parse import parse
from campaigns.versions import resolve
from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.errors import PermanentError

segment = typer.Typer(no_args_is_help=True, help="Segments: list, show, explain, check, save, backtest, diff, overlap.")
SegmentId = Annotated[str, typer.Argument(help="e.g. renewal_due")]
AsOf = Annotated[str, typer.Option("--as-of", help="A time, or a day (its end in the business's zone); else now.")]

_LIST = """
    select segment_id, member_count, definition_version, computed_at from raw.campaigns__segments
    qualify row_number() over (partition by segment_id order by computed_at desc) = 1
"""
_SHOW = """
    select contact_id, company_id, subject_type, subject_id, valid_from, reason
    from raw.campaigns__segment_memberships
    where segment_id = ? and valid_to is null order by valid_from desc, contact_id
"""


def _query(connection: Any, sql: str, *parameters: str) -> list[dict[str, Any]]:
    found = connection.execute(sql, parameters)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@segment.command("list")
def list_segments(as_json: Json = False) -> None:
    """List the segments and their sizes when last computed. Example: bma segment list."""
    steps = open_steps()
    library = segments.open_library(steps.store)
    with steps.warehouse() as connection:
        computed = {row["segment_id"]: row for row in _query(connection, _LIST)}
    rows = [
        {
            "segment_id": each.segment_id,
            "name": each.name,
            "name_th": each.name_th,
            "kind": "rules" if each.rules else "sql",
            "version": each.version,
            "member_count": computed.get(each.segment_id, {}).get("member_count"),
            "definition_version": computed.get(each.segment_id, {}).get("definition_version"),
            "computed_at": computed.get(each.segment_id, {}).get("computed_at"),
        }
        for each in sorted(library.segments.values(), key=lambda found: found.segment_id)
    ]
    show(rows, as_json)


@segment.command("show")
def show_members(segment_id: SegmentId, as_json: Json = False) -> None:
    """List a segment's members now, with the reason. Example: bma segment show renewal_due."""
    steps = open_steps()
    segments.open_library(steps.store).get(segment_id)
    with steps.warehouse() as connection:
        show(_query(connection, _SHOW, segment_id), as_json)


@segment.command("explain")
def explain(segment_id: SegmentId, contact_id: str, as_of: AsOf = "", as_json: Json = False) -> None:
    """Tell why a contact is in a segment, or which clause failed, as of any day.

    Example: bma segment explain renewal_due CONTACT_ID --as-of 2026-03-01.
    """
    steps = open_steps()
    library = segments.open_library(steps.store)
    found, now = library.get(segment_id), steps.clock()
    moment = _moment(as_of, now) if as_of else None
    with steps.warehouse() as connection:
        result = explanations.explain(connection, found, contact_id, library, now=now, moment=moment)
    show(result, as_json)


@segment.command("check")
def check(file: Annotated[Path, typer.Argument(help="A definition as YAML.")], as_json: Json = False) -> None:
    """Name everything wrong in a definition, values against the data too. Example: bma segment check new.yaml."""
    steps = open_steps()
    library = segments.open_library(steps.store)
    with steps.warehouse() as connection:
        rules = parse(segments.read_file(file).text, file.name, segments.values_in(connection))
        found = segments.from_text(file.read_text(), file.name)
        segments.find_members(connection, found, steps.clock(), library)
        rows = _query(connection, "select count(distinct contact_id) as members from members")
    show({"segment_id": rules.segment_id, **rows[0]}, as_json)


@segment.command("save")
def save(
    file: Annotated[Path, typer.Argument(help="A definition as YAML.")],
    by: Annotated[str, typer.Option(help="Who saves it, for the audit log.")] = "cli",
    as_json: Json = False,
) -> None:
    """Keep a definition in the store; a changed one becomes a new version. Example: bma segment save new.yaml."""
    steps = open_steps()
    content = yaml.safe_load(segments.read_file(file).text)
    with steps.warehouse() as connection:
        version = segments.save(steps.store, content, actor=by, now=utc_now(), connection=connection)
    show({"segment_id": content["segment_id"], "version": version}, as_json)


@segment.command("backtest")
def backtest(
    segment_id: SegmentId,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days back.")] = 14,
    campaign: Annotated[str, typer.Option(help="Also decide this campaign at each of its times.")] = "",
    as_json: Json = False,
) -> None:
    """Replay the last days: members, entries and exits, and what a campaign would have sent.

    Example: bma segment backtest renewal_due --days 14 --campaign renewal.
    """
    steps = open_steps()
    library = segments.open_library(steps.store)
    found, playbook = library.get(segment_id), definitions.find(steps.store, campaign) if campaign else None
    with steps.warehouse() as connection:
        result = backtests.backtest(connection, found, library, now=steps.clock(), days=days, playbook=playbook)
    if as_json:
        show(result.as_result(), as_json)
        return
    totals = result.as_result()
    show(totals.pop("days"), as_json)
    show(totals, as_json)


@segment.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="A file, a segment, or segment@version.")],
    new: Annotated[str, typer.Argument(help="A file, a segment, or segment@version.")],
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 2 when the members differ.")] = False,
    as_json: Json = False,
) -> None:
    """Say whom a changed definition adds and drops, for a review. Example: bma segment diff renewal_due new.sql."""
    steps = open_steps()
    library = segments.open_library(steps.store)
    with steps.warehouse() as connection:
        one, other = (resolve(each, library, steps.store, connection) for each in (old, new))
        result = compare.diff(connection, one, other, library, steps.clock())
    if as_json:
        show(result, as_json)
    else:
        print(result["summary"])
        show({name: result[name] for name in ("old", "new", "before", "after", "stayed")}, as_json)
    if exit_code and (result["entered"] or result["left"]):
        raise typer.Exit(2)


@segment.command("overlap")
def overlap(
    segment_ids: Annotated[list[str], typer.Argument(help="Two segments or more.")], as_json: Json = False
) -> None:
    """Count the contacts that segments share now. Example: bma segment overlap renewal_due payment_overdue."""
    if len(set(segment_ids)) < 2:
        raise PermanentError("an overlap takes two different segments or more: see `bma segment list`")
    steps = open_steps()
    library = segments.open_library(steps.store)
    found = [library.get(each) for each in dict.fromkeys(segment_ids)]
    with steps.warehouse() as connection:
        result = compare.overlap(connection, found, library, steps.clock())
    show(result if as_json else result["pairs"], as_json)


def _moment(text: str, now: datetime) -> datetime:
    """Read a time, or a day as its end; never later than now. Raises PermanentError when it is neither."""
    zone = ZoneInfo(open_steps().settings.time_zone)
    try:
        if len(text) == len("2026-03-01"):
            found = datetime.combine(date.fromisoformat(text), time(23, 59, 59), zone)
        else:
            found = datetime.fromisoformat(text)
            found = found if found.tzinfo else found.replace(tzinfo=zone)
    except ValueError:
        raise PermanentError(f"--as-of takes a day like 2026-03-01 or a time, not {text!r}") from None
    return min(found, now)
