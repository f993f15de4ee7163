"""The page ``docs/playbooks.md``, with what each would have done, is written by ``python -m cli.playbook_page``.

A stand-in CRM is lived through for some working days while every campaign decides; then each campaign is replayed over
the same days. The same seed writes the same page.
"""

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigns.backtest import Backtest, Day, backtest
from campaigns.playbooks import Playbook, read_playbooks
from campaigns.segments import Segment, open_library
from cli.quiet_world import quiet_world, working_days
from core.vocabulary import Outcome

_PAGE = Path(__file__).parents[1] / "docs" / "playbooks.md"
_COMPANIES, _SEED, _DAYS = 120, 7, 7
_LAST = datetime(2026, 10, 30, 8, 30, tzinfo=UTC)  # a Friday, 15:30 in Bangkok
_HEAD = """# Playbooks

Written by `python -m cli.playbook_page`; do not edit.

A playbook is a campaign that is ready to run: `campaigns/playbooks/NAME.yaml` says when, to whom first, on which
channels and under which limits; `campaigns/segments` who is due for which step and why; `campaigns/variables/NAME.sql`
what may be said; `campaigns/playbooks/templates/NAME.yaml` the words, in English and Thai. The policy
(`campaigns/policy`) is the same for all.

A step is due for some days, so downtime loses nobody, and goes out once. A campaign writes to one person of a company,
and to the company about something else six hours later at the earliest. Each has two times a day or more, so that
people west of Bangkok are reached within their own working hours.

## The twelve
"""
_TESTED = f"""
Consents are the CRM's: `quarterly` stands for questions of how we do, `seasonal` for what a customer did not ask for.
What success is: [campaigns.md](campaigns.md#what-counts-as-success).

## How to read the tables
Each campaign is replayed (`bma segment backtest SEGMENT --campaign NAME`) over the {_DAYS} days up to
{_LAST:%-d %B %Y} with the demo's customers ({_COMPANIES} companies, seed {_SEED}), whose CRM was loaded once a working
day while all campaigns decided; nobody was written to before. *Members* are contacts at the last look of the day;
*entries* and *exits* are of contacts about a subject. *Sent* are the messages it would have sent, *capped* those the
weekly cap held back. The waterfall counts every decision: who is considered is decided at each time of each day, so
that one message is `send` once and `already_sent` from then on.
"""


def _about(book: Playbook) -> str:
    holdout = f"{book.holdout_share:.0%} ({book.holdout_family})" if book.holdout_share else "nobody"
    anchor = book.name.lower().replace(" ", "-")
    return (
        f"| [{book.name}](#{anchor}) | `{book.campaign_id}` | {book.purpose} | `{book.cron}` | "
        f"{', '.join(book.templates)} | {book.conversion} | {book.priority} | {holdout} | {book.most_in_seven_days} |"
    )


def _row(day: Day) -> str:
    held = sum(day.outcomes.values()) - day.outcomes["send"] - day.outcomes["capped"]
    return (
        f"| {day.day:%a %-d %b} | {day.members} | {day.entries} | {day.exits} | {day.outcomes['send']} "
        f"| {day.outcomes['capped']} | {held} |"
    )


def _section(book: Playbook, segment: Segment, told: Backtest) -> list[str]:
    comment = [line.removeprefix("--").strip() for line in segment.text.splitlines() if line.startswith("--")]
    counted = Counter(told.outcomes)
    outcomes = [outcome for outcome in Outcome if counted[outcome]]
    return [
        f"## {book.name}",
        "",
        f"{book.name_th} · `{book.campaign_id}` · segment `{segment.segment_id}`",
        "",
        " ".join(line for line in comment if not line.startswith(("segment:", "name:", "name_th:", "version:"))),
        "",
        "| day | members | entries | exits | sent | capped | other outcomes |",
        "|---|---|---|---|---|---|---|",
        *map(_row, told.days),
        "",
        "| " + " | ".join(["considered", *outcomes]) + " |",
        "|---" * (len(outcomes) + 1) + "|",
        "| " + " | ".join(str(each) for each in (counted.total(), *(counted[outcome] for outcome in outcomes))) + " |",
        "",
    ]


def render(told: dict[str, tuple[Playbook, Segment, Backtest]]) -> str:
    """Return the page for playbooks with their segments and backtests, in the order given."""
    lines = [
        _HEAD,
        "| playbook | campaign | consent | times (Bangkok) | steps | success | priority | held out | cap in 7 days |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_about(book) for book, _, _ in told.values()),
        _TESTED,
    ]
    for each in told.values():
        lines += _section(*each)
    return "\n".join(lines)


def main() -> None:
    """Live through the days, replay every campaign, write the page."""
    told = {}
    first = _LAST - timedelta(days=_DAYS)
    with (
        tempfile.TemporaryDirectory() as folder,
        quiet_world(Path(folder), companies=_COMPANIES, seed=_SEED, first=first, last=_LAST) as world,
    ):
        world.move_to(first)  # what the replays begin with: nobody was written to before
        for moment in working_days(first + timedelta(days=1), _LAST):
            world.move_to(moment)
            world.decide()
        library = open_library(world.steps.store)
        with world.steps.warehouse() as connection:
            for book in read_playbooks():
                segment = library.get(book.segment)
                found = backtest(connection, segment, library, now=_LAST, days=_DAYS, playbook=book)
                told[book.campaign_id] = (book, segment, found)
    _PAGE.write_text(render(told))


if __name__ == "__main__":
    main()
