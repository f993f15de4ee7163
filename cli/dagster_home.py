"""Dagster's home: which dagster.yaml lies there, and what its processes need in their environment."""

from pathlib import Path

from cli.processes import ROOT

_SCHEME = "postgresql+psycopg2"  # what dagster-postgres speaks; SQLAlchemy reads a bare postgresql:// as psycopg 3


def prepare_dagster_home(home: Path, url: str) -> dict[str, str]:
    """Lay ``dagster.yaml`` into ``home`` and return the environment of Dagster's processes.

    With a ``url`` of a PostgreSQL database runs, events and schedules are kept there, else in files in ``home``, whose
    tables stand afterwards.
    """
    home.mkdir(parents=True, exist_ok=True)
    source = ROOT / ("dagster.postgresql.yaml" if url else "dagster.yaml")
    (home / "dagster.yaml").write_text(source.read_text())
    environment = {"DAGSTER_HOME": str(home)}
    if url:
        environment["BMA_DAGSTER_URL"] = f"{_SCHEME}:{url.partition(':')[2]}"
    elif not (home / "schedules").exists():
        _make_tables(home)
    return environment


def _make_tables(home: Path) -> None:
    """Make the tables of a new home: webserver and daemon, which start together, would both do it and one would end."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(home)):
        pass
