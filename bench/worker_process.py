"""A sending process to be killed: the product's worker on a store, its clock so many seconds ahead.

A lease outlives a killed worker by its length; the clock stands for the waiting that a test cannot afford.
"""

import json
import sys
from datetime import datetime, timedelta

from core.clock import utc_now
from core.settings import Settings
from core.store.engine import connect_store
from senders import event_loop
from senders.registry import open_senders
from senders.worker import WorkerOptions, run_worker


def main(ahead_seconds: str, values: str) -> None:
    """Send until nothing is left; say ``ready`` when about to begin."""
    settings = Settings(_env_file=None, **json.loads(values))
    ahead = timedelta(seconds=float(ahead_seconds))

    def clock() -> datetime:
        return utc_now() + ahead

    print("ready", flush=True)
    options = WorkerOptions(public_url=settings.public_url, link_secret=settings.link_secret.get_secret_value())
    engine = connect_store(settings.effective_store_url)
    event_loop.run(run_worker(engine, open_senders(settings), options=options, clock=clock, until_idle=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
