"""The pages that ``bench`` and ``chaos`` write."""

import os
import platform
from collections.abc import Iterable, Mapping
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


def chaos_page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return ``bench/chaos.md``."""
    lines = [
        "# Killed, and what was left",
        (
            "`python3 run.py chaos`: worker, gateway and database connections killed at random moments while the "
            "provider times out, refuses, takes and breaks off, answers nonsense, repeats and reorders webhooks."
        ),
        "",
        (
            "| store | kills | messages | duplicates | lost | in doubt | of these knowable | sent after an opt-out | "
            "answered webhooks missing |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    names = (
        "kills",
        "messages",
        "duplicates",
        "lost",
        "in_doubt",
        "in_doubt_but_knowable",
        "suppressed_sent",
        "acknowledged_missing",
    )
    for store, result in results.items():
        lines.append(f"| {store} | " + " | ".join(f"{result[name]:,}" for name in names) + " |")
    lines += ["", "| window in which the kill fell | " + " | ".join(results) + " |", "|---|" + "---|" * len(results)]
    for window in sorted({window for result in results.values() for window in result["windows"]}):
        counts = " | ".join(str(result["windows"].get(window, 0)) for result in results.values())
        lines.append(f"| {window} | {counts} |")
    lines += [
        "",
        (
            "In doubt are WhatsApp messages that were claimed when their worker died and of which nobody ever heard: "
            "the provider has no key to ask by. LINE's were settled by sending again under the same key."
        ),
    ]
    return "\n".join(lines) + "\n"
