"""``bma sync files``: a contact list from CSV or XLSX, looked at with --preview, then imported whole."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import Json, open_steps, show
from core.errors import PermanentError

_SHOWN = ("line_number", "name", "company_name", "email", "mobile", "country", "has_consent")


def sync_files(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A .csv, .txt or .xlsx file.")],
    list_id: Annotated[str, typer.Option("--list", help="Name of the list: a-z, 0-9, - and _.")],
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="COLUMN=field; may be repeated. COLUMN= leaves one out.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML file that says the same as the options.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook; else the first that holds anything.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV, where the guess is wrong: utf-8, cp874 …")] = None,
    country: Annotated[str | None, typer.Option(help="Where numbers without +66 and the like are dialled.")] = None,
    consent: Annotated[list[str] | None, typer.Option(help="Purpose the people agreed to; may be repeated.")] = None,
    consent_evidence: Annotated[str | None, typer.Option(help="What shows it: which form, whose booth.")] = None,
    consent_at: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="On which day.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would happen; import nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Import a contact list. Example: bma sync files visitors.xlsx --list food-expo --preview."""
    from pipelines import files
    from pipelines.files.mapping import wish_of

    told = {
        "columns": dict(_pair(text) for text in columns or ()),
        "sheet": sheet,
        "encoding": encoding,
        "country": country,
    }
    agreed = {"purposes": consent, "evidence": consent_evidence, "given_at": consent_at and consent_at.date()}
    wish = wish_of(_merged(_read(mapping) if mapping else {}, told, agreed))
    steps = open_steps()
    if preview:
        found = vars(files.preview(file, wish, now=steps.clock()))
        if as_json:
            show(found, as_json)
            return
        show({**found, "rows": f"the first {len(found['rows'])}, as they would be read:"}, as_json)
        show([{name: row[name] for name in _SHOWN} for row in found["rows"]], as_json)
        return
    report = steps.sync_files(file, list_id, wish)
    show(
        {**vars(report), "consent": [str(each) for each in wish.consent.purposes] or "none: for analysis only"}, as_json
    )


def _pair(text: str) -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not equals:
        raise PermanentError(f"--map {text!r}: say COLUMN=field, such as --map 'Tel.=mobile'")
    return column.strip(), field.strip()


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PermanentError(f"{path.name} is no TOML: {error}") from error


def _merged(file: dict[str, Any], told: dict[str, Any], agreed: dict[str, Any]) -> dict[str, Any]:
    """Lay what the options say over what the mapping file says."""
    said = {name: value for name, value in told.items() if value and name != "columns"}
    consents = {name: value for name, value in agreed.items() if value}
    columns = {**file.get("columns", {}), **told["columns"]}
    return {**file, **said, "columns": columns, "consent": {**file.get("consent", {}), **consents}}
