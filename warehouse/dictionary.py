"""The data dictionary, written from the headers of models and metrics: ``python -m warehouse.dictionary [--check]``."""

import re
import sys
from pathlib import Path

from warehouse.catalog import read_models

_DICTIONARY = Path(__file__).parents[1] / "docs" / "data_dictionary.md"
METRICS = Path(__file__).parent / "metrics"


def read_metric(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return a metric's description and grain. Raises KeyError without either."""
    facts = dict(re.findall(r"^-- (description|grain): (.+)$", path.read_text(), re.MULTILINE))
    return facts["description"], tuple(column.strip() for column in facts["grain"].split(","))


def render() -> str:
    """Return the dictionary as Markdown: published tables, then metrics."""
    lines = ["# Data dictionary", "", "Written by `python -m warehouse.dictionary`; do not edit.", ""]
    published = [model for model in read_models() if model.address.layer == "marts" and not model.is_private]
    for model in sorted(published, key=lambda each: each.address):
        lines += [f"## {model.address}", "", model.description, "", "| column | meaning |", "|---|---|"]
        lines += [f"| `{name}` | {meaning} |" for name, meaning in model.columns.items()]
        lines.append("")
    lines += ["## Metrics", "", "| metric | per | meaning |", "|---|---|---|"]
    for path in sorted(METRICS.glob("*.sql")):
        description, grain = read_metric(path)
        lines.append(f"| `{path.stem}` | {', '.join(grain)} | {description} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the dictionary, or with ``--check`` return 1 when the written one is old."""
    if "--check" in arguments:
        return int(not _DICTIONARY.exists() or _DICTIONARY.read_text() != render())
    _DICTIONARY.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
