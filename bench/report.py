"""The page that ``bench`` writes: every measure as it was measured last."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    """One measure: our figure, the limit's in the same run, their ratio, what must be reached and what we are after."""

    name: str
    what: str
    value: float
    limit: float | None
    ratio: float | None
    must: str
    after: str
    met: bool
    notes: str = ""

    def as_row(self) -> dict[str, Any]:
        """Return the row of ``--json``."""
        return asdict(self)


def write_results(
    folder: Path, results: Iterable[Result], names: Iterable[str], *, is_quick: bool, today: date
) -> None:
    """Put what was measured now in the place of what was measured before: ``results.json``, and the page of it.

    ``names`` are all measures there are, in the page's order; one that is gone is forgotten.
    """
    kept = folder / "results.json"
    rows: dict[str, dict[str, Any]] = {}
    if kept.exists():
        rows = {row["name"]: row for row in json.loads(kept.read_text())}
    how = f"{today}{', quick' if is_quick else ''}"
    rows |= {result.name: result.as_row() | {"measured": how} for result in results}
    ordered = [rows[name] for name in names if name in rows]
    kept.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n")
    (folder / "results.md").write_text(_page(ordered))


def _page(rows: Iterable[Mapping[str, Any]]) -> str:
    lines = [
        "# Measured",
        (
            f"`python3 run.py bench`, on {os.cpu_count()} cores, Python {platform.python_version()}. The limit "
            "is the bare library doing the same work in the same run; a row stands as it was measured last."
        ),
        "",
        "| measure | what | value | limit | ratio | must | after | met | measured | notes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        limit = "–" if row["limit"] is None else f"{row['limit']:,.1f}"
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.2f}"
        lines.append(
            f"| {row['name']} | {row['what']} | {row['value']:,.1f} | {limit} | {ratio} | {row['must']} | "
            f"{row['after']} | {'yes' if row['met'] else '**no**'} | {row['measured']} | {row['notes']} |"
        )
    return "\n".join(lines) + "\n"
