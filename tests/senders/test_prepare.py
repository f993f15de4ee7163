"""What is remembered of templates and links is in the store."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from bench.outbox_of import plan
from core.clock import utc_now
from core.store.tables import links
from senders.compose import Links
from senders.lane_store import LaneStore
from senders.prepare import Preparer


def test_links_of_a_claim_that_failed_are_stored_by_the_next(sqlite_store: sa.Engine) -> None:
    plan(sqlite_store, 1, ("email",), utc_now())
    preparer = Preparer(Links(public_url="http://us.example", secret="s"))
    claims = LaneStore(sqlite_store, "email", "w", preparer, utc_now)

    def fail(_connection: sa.Connection) -> None:
        raise OperationalError("commit", None, Exception("disk full"))

    sa.event.listen(sqlite_store, "commit", fail)
    with pytest.raises(OperationalError):
        claims.claim(1, 1, set())
    sa.event.remove(sqlite_store, "commit", fail)
    claimed, _ = claims.claim(1, 1, set())
    claims.close()

    assert len(claimed) == 1
    with sqlite_store.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(links)).scalar_one() == 1
