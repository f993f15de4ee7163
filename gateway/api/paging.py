"""Lists by cursor: the next page begins after the last row of this one, whatever came in between."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import sqlalchemy as sa
from fastapi import Query
from pydantic import BaseModel, Field

from gateway.problems import ProblemError

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500, description="Rows a page.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


class Page(BaseModel, Generic[Item]):
    """One page of a list; ``next`` is null on the last."""

    items: list[Item]
    next: str | None = Field(description="Send it as `cursor` for the page that follows.")


def page(rows: Sequence[Any], limit: int, *keys: str) -> dict[str, Any]:
    """Make a page of at most ``limit`` rows out of ``limit`` + 1, which were ordered by ``keys``."""
    shown = [dict(row) for row in rows[:limit]]
    more = len(rows) > limit
    return {"items": shown, "next": _written([shown[-1][key] for key in keys]) if more else None}


def after(cursor: str | None, *kinds: type) -> list[Any] | None:
    """Read a cursor back: one value of each kind, or None. Raises ProblemError 400 for one that we did not make."""
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=="))
        return [
            datetime.fromisoformat(value) if kind is datetime else kind(value)
            for value, kind in zip(values, kinds, strict=True)
        ]
    except (ValueError, TypeError, binascii.Error) as error:
        raise ProblemError(400, "bad-cursor", "this cursor is none of this list: begin without one") from error


def older_than(values: Sequence[Any], *columns: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the condition for rows after ``values`` when the columns go down, the last one deciding ties."""
    bound = [sa.literal(value, column.type) for value, column in zip(values, columns, strict=True)]
    return sa.tuple_(*columns) < sa.tuple_(*bound)


def _written(values: Sequence[Any]) -> str:
    text = json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
