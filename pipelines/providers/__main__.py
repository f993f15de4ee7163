"""Load the providers' counts once: ``python -m pipelines.providers [days]``."""

import sys

from core.clock import utc_now
from core.logs import configure_logs
from core.settings import load_settings
from pipelines.providers import load

if __name__ == "__main__":
    configure_logs("pipelines.providers")
    report = load(load_settings(), now=utc_now(), days=int(sys.argv[1]) if sys.argv[1:] else 7)
    print(report)
    sys.exit(1 if report.failures else 0)
