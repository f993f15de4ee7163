"""The house stays in order: small files, a true map, nothing that belongs elsewhere."""

import re
import subprocess
from pathlib import Path

import pytest

from core.settings import Settings

ROOT = Path(__file__).parents[1]
LONGEST_FILE = 300


def _files(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).exists()]


@pytest.mark.parametrize("path", _files("*.py"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_have_one_reason(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


def test_the_readme_names_every_folder_and_nothing_that_is_not_there() -> None:
    readme = (ROOT / "README.md").read_text()
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}

    assert {name for name in folders if f"| `{name}/` |" not in readme} == set()
    for target in re.findall(r"\]\(([\w/.-]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_every_setting_is_in_the_example_file_and_the_other_way_round() -> None:
    written = set(re.findall(r"^(BMA_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert written == {f"BMA_{name.upper()}" for name in Settings.model_fields}


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))

    assert numbers == list(range(1, len(numbers) + 1))


def test_every_dependency_is_pinned_with_a_hash_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert "://" not in lock
    pinned = re.findall(r"^([\w.\[\]-]+)==.*$", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert all("--hash=sha256:" in block for block in re.split(r"^(?=[\w.\[\]-]+==)", lock, flags=re.MULTILINE)[1:])
