"""A backup is restored only when every file is as it was written."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core import manifest
from core.errors import PermanentError


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """Give a backup of two files."""
    folder = tmp_path / "backup"
    (folder / "store").mkdir(parents=True)
    (folder / "store" / "a").write_bytes(b"a" * 100)
    (folder / "b").write_bytes(b"b")
    manifest.seal(folder, {"made_at": "today"})
    return folder


def test_what_was_written_comes_back_and_only_its_owner_can_read_it(sealed: Path) -> None:
    found = manifest.verify(sealed)

    assert found["made_at"] == "today"
    assert found["files"].keys() == {"store/a", "b"}
    assert {path.stat().st_mode & 0o777 for path in sealed.rglob("*") if path.is_file()} == {0o600}


def _flip(folder: Path) -> None:
    (folder / "store" / "a").write_bytes(b"a" * 99 + b"b")


def _cut(folder: Path) -> None:
    (folder / "store" / "a").write_bytes(b"a" * 99)


def _other_format(folder: Path) -> None:
    path = folder / manifest.NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 9}))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_flip, "store/a has changed"),
        (_cut, "store/a has changed"),
        (lambda folder: (folder / "b").unlink(), "b is missing"),
        (lambda folder: (folder / "c").touch(), "c is not of the backup"),
        (lambda folder: (folder / manifest.NAME).unlink(), "is no backup"),
        (lambda folder: (folder / manifest.NAME).write_text("{"), "is broken"),
        (_other_format, "format 9"),
    ],
)
def test_damage_is_named(sealed: Path, damage: Callable[[Path], None], says: str) -> None:
    damage(sealed)

    with pytest.raises(PermanentError, match=says):
        manifest.verify(sealed)
