"""The page that ``chaos`` writes, and what of it is a broken promise."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.accounts import MUST_BE_ZERO

Results = Mapping[str, Mapping[str, Any]]
_HOSTS_ZERO = (
    "duplicates",
    "lost",
    "in_doubt_not_claimed_by_the_cut_host",
    "in_doubt_but_knowable",
    "begun_on_a_stale_lease",
)


def broken_promises(killed: Results, faulted: Results, cut: Mapping[str, Any]) -> list[str]:
    """Name every count that must be zero and is not, and every limit that was exceeded."""
    found = [
        f"{where}: {name} is {result[name]}"
        for where, result in {**killed, **faulted}.items()
        for name in (*MUST_BE_ZERO, "left_claimed_by_restarts")
        if result.get(name)
    ]
    found += [f"hosts: {name} is {cut[name]}" for name in _HOSTS_ZERO if cut.get(name)]
    if "most_in_a_second" in cut and (
        cut["most_in_a_second"] > cut["allowed_in_a_second"]
        or cut["least_spacing"] < cut["allowed_spacing"]
        or cut["people"] > cut["allowed_people"]
    ):
        found.append("hosts: the provider saw more than it allows")
    return found


def chaos_page(killed: Results, faulted: Results, cut: Mapping[str, Any]) -> str:
    """Return ``bench/chaos.md``."""
    return "\n".join([*_kills(killed), "", *_faults(faulted), "", *_hosts(cut)]) + "\n"


def _kills(results: Results) -> Iterable[str]:
    yield "# Killed, and what was left"
    yield (
        "`python3 run.py chaos`: worker, gateway and database connections killed while WhatsApp, LINE and SMTP "
        "peers time out, refuse, take and break off, answer nonsense, repeat and reorder webhooks. Half of the "
        "kills fall at a random moment, the others are aimed at an open transaction or at its end; restarts in good "
        "order come in between."
    )
    yield ""
    columns = {
        "kills": "kills",
        "restarts": "restarts",
        "messages": "messages",
        "duplicates": "duplicates",
        "lost": "lost",
        "in_doubt": "in doubt",
        "in_doubt_but_knowable": "of these knowable",
        "in_doubt_unexplained": "of these unexplained",
        "suppressed_sent": "sent after an opt-out",
        "acknowledged_missing": "answered webhooks missing",
        "left_claimed_by_restarts": "left claimed by restarts",
    }
    yield from _table("store", columns, results)
    yield ""
    yield from _counted("window in which the kill fell", "windows", results)
    yield ""
    yield from _counted("claimed messages that the killed workers left", "caught", results)
    yield ""
    yield (
        "A kill counts once: for the transaction that was open, else for where most of the claimed messages were. "
        "In doubt are only messages that were claimed when something died or was cut, or whose answer said nothing "
        "(unexplained: any other), and of which nobody ever heard: WhatsApp tells by webhook what it took, LINE's "
        "were settled by sending again under the same key (knowable: any such that is still in doubt), a mail "
        "server can be asked by nothing."
    )


def _faults(results: Results) -> Iterable[str]:
    yield "## Faults of the world"
    yield (
        "The product's worker and gateway, one fault each; it goes away and nobody helps. The provider's hour is "
        "lived through by a worker whose clocks run 240 times as fast; the minutes are real."
    )
    yield ""
    columns = {
        "messages": "messages",
        "duplicates": "duplicates",
        "lost": "lost",
        "in_doubt": "in doubt",
        "webhooks_refused": "webhooks refused, told again",
        "acknowledged_missing": "answered webhooks missing",
        "stood_still": "nothing sent meanwhile",
        "seconds_to_the_end": "all sent after, s",
        "requests_in_the_hour": "requests in the hour",
        "attempts_used": "attempts used",
        "reason": "what says why",
    }
    yield from _table("fault", columns, {name: result for name, result in results.items() if "not_run" not in result})
    yield from (f"\nNot run: {name}: {result['not_run']}." for name, result in results.items() if "not_run" in result)


def _hosts(cut: Mapping[str, Any]) -> Iterable[str]:
    yield "## Two hosts, one limit, and a cable pulled"
    if "not_run" in cut:
        yield f"Not run: {cut['not_run']}."
        return
    yield (
        "Two network namespaces, each a worker and a gateway; PostgreSQL and provider in a third. The lane's owner "
        "is restarted, the second owner's link goes down while it sends, and comes back after lane and messages "
        "have changed hands."
    )
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in cut.items():
        if name != "by_status":
            shown = len(value) if isinstance(value, list) else value
            yield f"| {name.replace('_', ' ')} | {_shown(shown)} |"


def _table(first: str, columns: Mapping[str, str], rows: Results) -> Iterable[str]:
    yield f"| {first} | " + " | ".join(columns.values()) + " |"
    yield "|---|" + "---|" * len(columns)
    for name, row in rows.items():
        yield f"| {name} | " + " | ".join(_shown(row.get(key, "")) for key in columns) + " |"


def _counted(first: str, key: str, results: Results) -> Iterable[str]:
    yield f"| {first} | " + " | ".join(results) + " |"
    yield "|---|" + "---|" * len(results)
    for name in sorted({name for result in results.values() for name in result[key]}):
        yield f"| {name} | " + " | ".join(str(result[key].get(name, 0)) for result in results.values()) + " |"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {count}" for name, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "/")
