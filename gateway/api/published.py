"""The published copy, asked by the SQL files in ``queries/``: what analysts see, the API says."""

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response

from gateway.auth import Caller
from gateway.problems import ProblemError
from warehouse import publish
from warehouse.publish import Version

_QUERIES = Path(__file__).parent / "queries"
AS_OF = "X-Data-As-Of"
_SECONDS = 25.0


def newest(request: Request) -> Version:
    """Return the copy that readers have now. Raises ProblemError 503 when there is none yet."""
    version = publish.newest(request.app.state.serve_dir)
    if version is None:
        raise ProblemError(
            503, "nothing-published", "no build was published yet: run `bma build`", headers={"Retry-After": "60"}
        )
    return version


def ask(request: Request, response: Response, caller: Caller, question: str, **parameters: Any) -> list[dict[str, Any]]:
    """Run ``queries/<question>.sql``, on the copy without contact details unless the caller may see them.

    Parameters are bound. The answer's ``X-Data-As-Of`` header says when the copy was made (UTC).
    """
    version = newest(request)
    response.headers[AS_OF] = _iso(version.published_at)
    path = version.path if caller.sees_contact_details else version.masked_path
    sql = (_QUERIES / f"{question}.sql").read_text()
    with publish.open_published(path, request.app.state.warehouse_key) as connection:
        alarm = threading.Timer(_SECONDS, connection.interrupt)
        alarm.start()
        try:
            found = connection.execute(sql, parameters or None)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        except publish.Interrupted as error:
            raise ProblemError(503, "too-slow", f"not answered within {_SECONDS:g} s: ask for less") from error
        finally:
            alarm.cancel()


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
