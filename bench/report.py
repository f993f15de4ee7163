"""The page that ``bench`` writes."""

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
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


def results_page(results: Iterable[Result], *, is_quick: bool) -> str:
    """Return ``bench/results.md``."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}{', quick' if is_quick else ''}"
    lines = [
        "# Measured",
        (
            f"`python3 run.py bench`, one run, on {machine}. The limit is the bare library doing the same "
            "work in the same run."
        ),
        "",
        "| measure | what | value | limit | ratio | must | after | met | notes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        limit = "–" if result.limit is None else f"{result.limit:,.1f}"
        ratio = "–" if result.ratio is None else f"{result.ratio:.2f}"
        lines.append(
            f"| {result.name} | {result.what} | {result.value:,.1f} | {limit} | {ratio} | {result.must} | "
            f"{result.after} | {'yes' if result.met else '**no**'} | {result.notes} |"
        )
    return "\n".join(lines) + "\n"
