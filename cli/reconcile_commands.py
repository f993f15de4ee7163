"""``bma reconcile``: what we say was taken against what the providers say, and what nobody knows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import Json, open_steps, show
from core.store import doubts
from warehouse.catalog import with_upstream

if TYPE_CHECKING:
    from assets.steps import Steps

_UNEXPLAINED = ("differs", "webhooks_missing")
_COUNTS = """
    select
        metric_date, channel, campaign_id, our_count, provider_count, webhook_count, difference, in_doubt_count, state
    from marts.reconciliation
    where metric_date >= ?
    order by metric_date desc, channel, campaign_id nulls first
"""
_QUOTAS = """
    select channel, quota_month, quota, used, our_count, loaded_at
    from marts.quotas
    qualify row_number() over (partition by channel order by quota_month desc) = 1
    order by channel
"""


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What was found: per channel what became of the load, rows of the marts, and messages in doubt."""

    channels: dict[str, str]
    failures: list[str]
    settled_by_absence: dict[str, int]
    counts: list[dict[str, Any]]
    quotas: list[dict[str, Any]]
    in_doubt: list[dict[str, Any]]

    @property
    def unexplained(self) -> list[dict[str, Any]]:
        """Rows whose difference nothing explains."""
        return [row for row in self.counts if row["state"] in _UNEXPLAINED]


def run(steps: "Steps", days: int) -> Reconciled:
    """Load the providers' counts and our own, settle what evidence settles, and compare.

    Raises PermanentError or TransientError when the warehouse or the store refuses; a provider's own failure is told
    in ``failures``, and what is known is compared all the same.
    """
    loaded = steps.sync_providers(days)
    settled = steps.settle_by_absence()
    steps.sync_journal()
    steps.build(with_upstream("marts.reconciliation", "marts.quotas"))
    since = steps.clock().date() - timedelta(days=days)
    with steps.warehouse() as connection:
        counts = connection.execute(_COUNTS, [since]).to_arrow_table().to_pylist()
        quotas = connection.execute(_QUOTAS).to_arrow_table().to_pylist()
    with steps.store.connect() as connection:
        doubted = [each._asdict() for each in doubts.standing(connection, [], steps.clock())]
    return Reconciled(
        channels=loaded.channels,
        failures=sorted(loaded.failures),
        settled_by_absence=settled,
        counts=counts,
        quotas=quotas,
        in_doubt=doubted,
    )


def reconcile(
    days: Annotated[int, typer.Option(min=1, max=90, help="Whole days to look back: WhatsApp tells 90 at most.")] = 7,
    as_json: Json = False,
) -> None:
    """Compare our counts with the providers', list what differs and what is in doubt. Example: bma reconcile --days 14.

    Ends with status 1 when something differs that nothing explains, or a provider could not be asked.
    """
    found = run(open_steps(), days)
    if as_json:
        show({**vars(found), "unexplained": found.unexplained}, as_json=True)
    else:
        _print(found)
    if found.unexplained or found.failures:
        raise typer.Exit(1)


def _print(found: Reconciled) -> None:
    for title, content in (
        ("Asked", found.channels),
        ("Sent again, because the provider certainly never had it", found.settled_by_absence or {"messages": 0}),
        ("Differs", found.unexplained),
        ("By day", found.counts),
        ("Quotas", found.quotas),
        ("In doubt", found.in_doubt),
    ):
        print(f"\n{title}")
        show(content, as_json=False)
