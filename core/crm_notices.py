"""The CRM's webhook: it says *which* rows changed, never what they hold; the pipeline reads those rows itself."""

import json
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import PermanentError

MOST_CHANGES = 1000


class Change(BaseModel):
    """One row of the CRM that was made, changed or deleted: its collection as in the API's paths, and its id."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    collection: str = Field(pattern=r"^[a-z-]{1,40}$")
    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")


class Notice(BaseModel):
    """One delivery. ``event_id`` makes two deliveries about the same row two; what else it holds is not looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    event_id: str = Field(min_length=1, max_length=200)
    occurred_at: datetime
    changes: tuple[Change, ...] = Field(min_length=1, max_length=MOST_CHANGES)


def read_notice(body: bytes) -> Notice:
    """Read one delivery. Raises PermanentError, without quoting it, when it is none."""
    try:
        return Notice.model_validate(json.loads(body))
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, each["loc"])) or "the whole" for each in error.errors()}))
        raise PermanentError(f"no CRM notice: {where} is missing or wrong") from error
    except (ValueError, RecursionError) as error:
        raise PermanentError(f"no CRM notice: no JSON ({type(error).__name__})") from error
