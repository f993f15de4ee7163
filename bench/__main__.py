"""``python3 run.py bench`` and ``python3 run.py chaos``: measure, prove, and write down what came out."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core.clock import utc_now

_FOLDER = Path(__file__).parent
app = typer.Typer(no_args_is_help=True, help="Proofs and measures.")
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file too.")]


@app.command()
def chaos(
    kills: Annotated[int, typer.Option(help="How often something is killed.")] = 1000,
    store: Annotated[str, typer.Option(help="sqlite, postgresql or both")] = "both",
    seed: Annotated[int, typer.Option(help="The same seed draws the same kills, aims and restarts.")] = 1,
    faults: Annotated[bool, typer.Option("--faults", help="Only the faults of the world.")] = False,  # noqa: FBT002 -- typer's way
    hosts: Annotated[bool, typer.Option("--hosts", help="Only the proof of two hosts.")] = False,  # noqa: FBT002
    webhooks: Annotated[bool, typer.Option("--webhooks", help="Only the webhooks' proof.")] = False,  # noqa: FBT002
    json_file: JsonFile = None,
) -> None:
    """Kill what can be killed, let the world fail, pull a host's cable; writes bench/chaos.md when all of it ran."""
    from bench import chaos_webhooks
    from bench.chaos import run_chaos
    from bench.chaos_report import broken_promises, chaos_page
    from bench.faults import run_faults
    from bench.hosts import hosts_or_why_not

    is_all = not faults and not hosts and not webhooks
    stores = ("sqlite", "postgresql") if store == "both" else (store,)
    killed = {name: run_chaos(kills=kills, store=name, seed=seed) for name in stores if is_all}
    told = {
        name: chaos_webhooks.run_webhooks(webhooks=chaos_webhooks.WEBHOOKS, store=name, seed=seed)
        for name in stores
        if is_all or webhooks
    }
    faulted = run_faults() if is_all or faults else {}
    cut = hosts_or_why_not() if is_all or hosts else {}
    if is_all:
        (_FOLDER / "chaos.md").write_text(chaos_page(killed, faulted, cut))
    if told:
        (_FOLDER / "chaos_webhooks.md").write_text(chaos_webhooks.webhooks_page(told))
    result = {
        **(killed if store == "both" else killed.get(store, {})),
        "faults": faulted,
        "hosts": cut,
        "webhooks": told,
    }
    print(json.dumps(result, indent=2))
    _write(json_file, result)
    if broken := [*broken_promises(killed, faulted, cut), *chaos_webhooks.broken(told)]:
        print("\n".join(broken))
        raise typer.Exit(1)


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all without a name.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller data; musts are of the full size.")] = False,  # noqa: FBT002 -- typer's way
    json_file: JsonFile = None,
) -> None:
    """Measure against the bare library or the machine's limit; writes bench/results.md, measure by measure.

    Build, refresh, publish and pages take ten million events, or as many as the environment's BENCH_EVENTS says.
    """
    from bench.measures import MEASURES
    from bench.report import write_results

    unknown = set(names or ()) - MEASURES.keys()
    if unknown:
        raise typer.BadParameter(f"no measure {', '.join(sorted(unknown))}: there are {', '.join(MEASURES)}")
    results = []
    for name in names or MEASURES:
        print(f"> {name}", flush=True)
        results.append(MEASURES[name](quick))
        print(json.dumps(results[-1].as_row()), flush=True)
        write_results(_FOLDER, results[-1:], MEASURES, is_quick=quick, today=utc_now().date())
    _write(json_file, [result.as_row() for result in results])


def _write(path: Path | None, content: Any) -> None:
    if path is not None:
        path.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    app()
