"""Before and after a send: the preview, a test send to staff, and a run decided once more."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from campaigns import definitions, experiments, forecast, preview, trial
from campaigns import replay as replays
from campaigns.why import why
from cli.campaign_life import By, Name, looking
from cli.output import Json, open_steps, show
from core.errors import PermanentError
from core.vocabulary import Channel

Contact = Annotated[str, typer.Option(help="Show what this contact would read.")]


def preview_campaign(campaign_id: Name, contact: Contact = "", as_json: Json = False) -> None:
    """Say what a run would do now: who falls out why, blanks, overlap, cost, quota, time, what to expect.

    Example: bma campaign preview renewal --contact CONTACT_ID.
    """
    steps = open_steps()
    playbook = definitions.find(steps.store, campaign_id)
    with looking(steps) as connection:
        look = preview.look(connection, steps.store, playbook, steps.clock())
        if contact:
            show([asdict(each) for each in preview.as_contact(look, contact)], as_json)
            return
        found = _answers(look, steps.settings)
    if as_json:
        show(found, as_json)
        return
    for question, answer in found.items():
        print(f"\n{question}")
        show(answer, as_json)


def _answers(look: preview.Look, settings: Any) -> dict[str, Any]:
    """Ask every question once."""
    fall = asdict(preview.waterfall(look))
    return {
        "waterfall": fall.pop("falls"),
        "totals": fall,
        "completeness": asdict(preview.completeness(look)),
        "overlap": [asdict(each) for each in forecast.overlap(look)],
        "cost": [asdict(each) for each in forecast.cost(look, settings.prices_file)],
        "quota": asdict(forecast.quota(look)),
        "duration": [asdict(each) for each in forecast.duration(look, settings.limits_file)],
        "expected": [asdict(each) for each in forecast.expected(look)],
        "detectable": [asdict(each) for each in forecast.detectable(look)],
    }


def send_test(
    campaign_id: Name,
    contact: Contact,
    to: Annotated[str, typer.Option(help="An address of BMA_TEST_ADDRESSES.")],
    channel: Annotated[Channel, typer.Option(help="How.")] = Channel.EMAIL,
    language: Annotated[str, typer.Option(help="en or th; left out: the contact's.")] = "",
    by: By = "cli",
    as_json: Json = False,
) -> None:
    """Send staff what a contact would get, marked as a test; the worker sends it, no result counts it.

    Example: bma campaign test-send renewal --contact CONTACT_ID --to nok@bmasia.example.
    """
    steps = open_steps()
    playbook = definitions.find(steps.store, campaign_id)
    staff = trial.Staff(channel=channel, address=to, allowed=steps.settings.staff_addresses)
    with looking(steps) as connection:
        look = preview.look(connection, steps.store, playbook, steps.clock())
        key = trial.send(look, contact, staff, by=by, language=language or None)
    show({"message_id": key}, as_json)


def replay(
    run_id: Annotated[str, typer.Argument(help="A run, e.g. of `bma campaign report`.")], as_json: Json = False
) -> None:
    """Decide a run again on the data it had, and compare row for row; exit 1 where it differs.

    Example: bma campaign replay RUN_ID.
    """
    steps = open_steps()
    with steps.warehouse() as connection:
        found = replays.replay(connection, steps.store, run_id)
    show({**asdict(found), "is_same": found.is_same}, as_json)
    if not found.is_same:
        raise PermanentError(f"{found.differing} of {found.decisions} decisions came out differently")


def explain(
    contact_id: Annotated[str, typer.Argument(help="Whom it is about.")],
    campaign: Annotated[str, typer.Option(help="Only this campaign.")] = "",
    as_json: Json = False,
) -> None:
    """Say why somebody got a message or did not: each decision with its reason, and what came of it, newest first.

    Example: bma campaign why CONTACT_ID --campaign renewal.
    """
    steps = open_steps()
    if campaign:
        definitions.find(steps.store, campaign)
    with steps.warehouse() as connection:
        found = why(connection, steps.store, contact_id, campaign_id=campaign)
    if not found:
        raise PermanentError(f"no campaign has considered contact {contact_id}: see `bma segment explain`")
    show([asdict(each) for each in found], as_json)


def experiment(campaign_id: Name, as_json: Json = False) -> None:
    """Say whether the arms have the sizes they should, and whether the experiment may stop.

    Example: bma campaign experiment renewal.
    """
    steps = open_steps()
    playbook = definitions.find(steps.store, campaign_id)
    with steps.warehouse() as connection:
        sizes = experiments.check_sample_ratio(connection, playbook)
        compared = [asdict(each) for each in experiments.compare(connection, playbook)]
    if as_json:
        show({"sample_ratio": asdict(sizes), "comparisons": compared}, as_json)
        return
    show(asdict(sizes), as_json)
    show(compared, as_json)
