"""Load the store once: ``python -m pipelines.journal``."""

from core.logs import configure_logs
from core.settings import load_settings
from core.store.engine import open_store
from pipelines.journal import load

if __name__ == "__main__":
    configure_logs("pipelines.journal")
    settings = load_settings()
    print(
        load(
            open_store(settings.effective_store_url),
            data_dir=settings.data_dir,
            warehouse_path=settings.warehouse_path,
            warehouse_key=settings.warehouse_key.get_secret_value(),
        )
    )
