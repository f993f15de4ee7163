"""Reports by email: a look every five minutes, a run only when one is due."""

import dagster as dg

from assets.resources import Installation
from reports.sending import Office


def office(installation: Installation) -> Office:
    """Return the office that sends this installation's reports."""
    steps = installation.steps
    return Office(steps.settings, steps.store, steps.clock)


@dg.asset(key=["reports", "deliveries"], group_name="reports", deps=[dg.AssetKey(["serve", "marts"])])
def deliveries(installation: Installation) -> dg.MaterializeResult:
    """Send the reports that are due, each occasion once to each address."""
    with installation.step("send_reports"):
        sent = office(installation).send_due()
    return dg.MaterializeResult(metadata={key: ", ".join(sorted(states.values())) for key, states in sent.items()})


due_reports = dg.define_asset_job(
    "due_reports",
    selection=dg.AssetSelection.groups("reports"),
    description="Send the reports that are due by email, as PDF and XLSX.",
)


@dg.schedule(job=due_reports, cron_schedule="*/5 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def look_for_due_reports(installation: Installation) -> dg.RunRequest | dg.SkipReason:
    """Start a run only when something is due: a look costs a query or two."""
    return dg.RunRequest() if office(installation).due() else dg.SkipReason("no report is due")
