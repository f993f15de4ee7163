"""The data dictionary, written from the headers of models and metrics: ``python -m warehouse.dictionary [--check]``."""

import sys
from pathlib import Path

from warehouse.catalog import read_models
from warehouse.measure import read_metrics

_DICTIONARY = Path(__file__).parents[1] / "docs" / "data_dictionary.md"


def render() -> str:
    """Return the dictionary as Markdown: published tables, then metrics."""
    lines = ["# Data dictionary", "", "Written by `python -m warehouse.dictionary`; do not edit.", ""]
    published = [model for model in read_models() if model.address.layer == "marts" and not model.is_private]
    for model in sorted(published, key=lambda each: each.address):
        lines += [f"## {model.address}", "", model.description, "", "| column | meaning |", "|---|---|"]
        lines += [f"| `{name}` | {meaning} |" for name, meaning in model.columns.items()]
        lines.append("")
    lines += ["## Metrics", "", "| metric | unit | by any of | meaning |", "|---|---|---|---|"]
    for metric in read_metrics().values():
        lines.append(f"| `{metric.name}` | {metric.unit} | {', '.join(metric.grain)} | {metric.description} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the dictionary, or with ``--check`` return 1 when the written one is old."""
    if "--check" in arguments:
        return int(not _DICTIONARY.exists() or _DICTIONARY.read_text() != render())
    _DICTIONARY.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
