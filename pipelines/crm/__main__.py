"""Load the CRM once: ``python -m pipelines.crm [full]``."""

import sys

from core.clock import utc_now
from core.logs import configure_logs
from core.settings import load_settings
from pipelines.crm import load

if __name__ == "__main__":
    configure_logs("pipelines.crm")
    settings = load_settings()
    print(
        load(
            url=settings.crm_url,
            username=settings.crm_username,
            password=settings.crm_password.get_secret_value(),
            data_dir=settings.data_dir,
            warehouse_path=settings.warehouse_path,
            warehouse_key=settings.warehouse_key.get_secret_value(),
            now=utc_now(),
            mode="full" if "full" in sys.argv[1:] else "incremental",
        )
    )
