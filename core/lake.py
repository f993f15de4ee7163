"""A lake: the warehouse of many machines. DuckLake with its catalog in PostgreSQL and its files in an S3 bucket.

Whoever opens DuckDB runs ``Lake.statements``; writers of all hosts take turns by locks in the catalog's database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from core.errors import SettingsError, TransientError

CATALOG = "lake"  # what DuckDB calls the attached lake
CATALOG_SCHEMA = "ducklake"  # the schema of the catalog's tables in PostgreSQL
EXTENSIONS = ("httpfs", "postgres_scanner", "ducklake")  # in the order in which they load
_GRAMMAR = "ducklake:postgresql://user@host/database?data_path=s3://bucket/prefix"
_LOADS = "loads"
# Commits of different tables meet at one row of the catalog; DuckLake tries those again by itself, this often.
_COMMIT_ATTEMPTS = 100


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """How the object storage is reached. ``endpoint`` is a URL; empty means AWS."""

    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Lake:
    """Where a lake lies: its catalog's database, its files (``s3://bucket/prefix`` or a folder all hosts share)."""

    catalog: sa.URL
    data_path: str
    bucket: Bucket = Bucket()

    @classmethod
    def parse(cls, url: str, bucket: Bucket) -> "Lake":
        """Read ``ducklake:postgresql://user@host/database?data_path=s3://bucket/prefix``; else SettingsError."""
        try:
            catalog = sa.make_url(url.removeprefix("ducklake:"))
        except sa.exc.ArgumentError:
            raise SettingsError(f"BMA_WAREHOUSE_URL is no lake: write {_GRAMMAR}") from None
        data_path = catalog.query.get("data_path")
        if catalog.get_backend_name() != "postgresql" or not catalog.database or not isinstance(data_path, str):
            raise SettingsError(f"BMA_WAREHOUSE_URL needs a catalog in PostgreSQL and a data_path: write {_GRAMMAR}")
        if data_path.startswith("s3://") and not (bucket.access_key_id and bucket.secret_access_key):
            raise SettingsError("a lake on S3 needs BMA_S3_ACCESS_KEY_ID and BMA_S3_SECRET_ACCESS_KEY")
        catalog = catalog.set(drivername="postgresql+psycopg").difference_update_query(["data_path"])
        return cls(catalog, data_path.rstrip("/") + "/", bucket)

    def statements(self, *, snapshot: int | None = None, name: str = CATALOG) -> list[str]:
        """Return what a new DuckDB connection runs to have the lake as ``name``, read-only at a ``snapshot`` if given.

        Passwords go into DuckDB's secrets, so that no error message of its repeats them.
        """
        at = "" if snapshot is None else f", snapshot_version {int(snapshot)}"
        where = f"data_path {quoted(self.data_path)}, metadata_schema '{CATALOG_SCHEMA}'"
        attached = quoted(f"ducklake:postgres:{self._connection_words()}")
        return [
            # Nothing is fetched at run time: the extensions' files are packages of ours.
            "set autoinstall_known_extensions = false",
            "set autoload_known_extensions = false",
            *(f"load {quoted(str(extension_file(each)))}" for each in EXTENSIONS),
            f"set ducklake_max_retry_count = {_COMMIT_ATTEMPTS}",
            f"create or replace secret (type postgres, password {quoted(self.catalog.password or '')})",
            *self._bucket_secret(),
            f"attach if not exists {attached} as {name} ({where}{at})",
        ]

    def _connection_words(self) -> str:
        """Return libpq's words of the catalog's URL, without the password."""
        words = {
            "dbname": self.catalog.database,
            "user": self.catalog.username,
            "host": self.catalog.host,
            "port": self.catalog.port,
            **self.catalog.query,
        }
        return " ".join(f"{name}={quoted(str(value), slash=True)}" for name, value in words.items() if value)

    @property
    def is_on_s3(self) -> bool:
        """Whether the files lie in a bucket, not in a folder."""
        return self.data_path.startswith("s3://")

    def _bucket_secret(self) -> list[str]:
        if not self.is_on_s3:
            return []
        scheme, _, address = self.bucket.endpoint.rpartition("://")
        facts = {
            "key_id": self.bucket.access_key_id,
            "secret": self.bucket.secret_access_key,
            "region": self.bucket.region or "us-east-1",
            **({"endpoint": address.rstrip("/"), "url_style": "path"} if address else {}),
        }
        listed = ", ".join(f"{name} {quoted(value)}" for name, value in facts.items())
        return [f"create or replace secret (type s3, {listed}, use_ssl {str(scheme != 'http').lower()})"]

    @contextmanager
    def writing(self, writer: str) -> Iterator[None]:
        """Wait until no other process of any host writes as this ``writer``: one writer a table."""
        with self._holding(writer):
            yield

    @contextmanager
    def loading(self, source: str) -> Iterator[None]:
        """Hold what a load of ``source`` needs: its tables for itself, and that no build begins in the middle."""
        with self._holding(source), self._holding(_LOADS, shared=True):
            yield

    @contextmanager
    def between_loads(self) -> Iterator[None]:
        """Wait for the loads under way, and let none begin until this is left: a build chooses its snapshot here."""
        with self._holding(_LOADS):
            yield

    @contextmanager
    def _holding(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Hold an advisory lock of the catalog's database; it goes when this process does, whatever ends it."""
        engine = sa.create_engine(self.catalog, poolclass=sa.NullPool, connect_args={"connect_timeout": 5})
        key = int.from_bytes(blake2b(f"bma {name}".encode(), digest_size=8).digest(), signed=True)
        function = sa.func.pg_advisory_lock_shared if shared else sa.func.pg_advisory_lock
        try:
            connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(sa.select(function(key)))
        except DBAPIError as error:
            raise TransientError(f"the lake's catalog {self.catalog} does not answer: {error.orig}") from error
        with connection:
            yield


def extension_file(name: str) -> Path:
    """Return the file of a DuckDB extension in its installed package. Raises SettingsError when it is missing."""
    package = f"duckdb_extension_{name}"
    found = find_spec(package)
    home = Path(found.origin).parent if found and found.origin else Path(package)
    files = sorted(home.glob(f"extensions/*/{name}.duckdb_extension"))
    if not files:
        raise SettingsError(f"a lake needs the package {package.replace('_', '-')}: install requirements.lock again")
    return files[-1]


def quoted(text: str, *, slash: bool = False) -> str:
    """Quote for SQL, or with ``slash`` for libpq's connection words."""
    return "'" + (text.replace("\\", "\\\\").replace("'", "\\'") if slash else text.replace("'", "''")) + "'"
