"""Exports: a published table as one file."""

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from core.vocabulary import Role
from gateway.api.audited import note_change
from gateway.api.published import AS_OF, newest
from gateway.auth import Caller, needs
from warehouse import export
from warehouse.catalog import read_models

router = APIRouter(prefix="/exports", tags=["Exports"])
Analyst = Annotated[Caller, Depends(needs(Role.ANALYST))]
_MEDIA = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8"}


class Table(BaseModel):
    """A table of the schema `marts`."""

    name: str
    description: str
    columns: dict[str, str]


@router.get("")
def list_tables(_caller: Analyst) -> list[Table]:
    """List what can be exported, with every column's meaning."""
    return [
        Table(name=model.address.table, description=model.description, columns=model.columns)
        for model in read_models()
        if model.address.layer == "marts" and not model.is_private
    ]


@router.get("/{table}", response_class=FileResponse)
def export_table(table: str, request: Request, caller: Analyst, file_format: export.Format = "parquet") -> FileResponse:
    """Return a table of the newest published copy; contact details are in it for marketers and administrators only."""
    version = newest(request)
    with tempfile.NamedTemporaryFile(suffix=f".{file_format}", delete=False) as file:
        path = Path(file.name)
    try:
        export.export_table(
            version,
            table,
            path,
            file_format,
            with_contact_details=caller.sees_contact_details,
            key=request.app.state.warehouse_key,
        )
        with request.app.state.engine.begin() as connection:
            detail = {"version": version.name, "with_contact_details": caller.sees_contact_details}
            note_change(connection, request, caller, "export", table, detail)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path,
        filename=f"{table}.{file_format}",
        media_type=_MEDIA[file_format],
        headers={AS_OF: version.published_at.isoformat()},
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
