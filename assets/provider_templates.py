"""WhatsApp's word on our templates, asked for by the hour: approval, pause and quality reach the policy."""

import dagster as dg

from assets.resources import Installation
from assets.steps import Steps
from core.store.provider_templates import State, heed
from core.vocabulary import Channel
from pipelines.providers.whatsapp import closed_by
from pipelines.providers.whatsapp_templates import read_templates


def sync_templates(steps: Steps) -> list[State]:
    """Give our WhatsApp templates the status they have at the provider; returns them all.

    Raises PermanentError where WhatsApp is closed or its list is not understood, TransientError without an answer.
    """
    listed = read_templates(steps.settings)
    with steps.store.begin() as connection:
        return heed(connection, Channel.WHATSAPP, listed, steps.clock())


@dg.asset(key=["senders", "whatsapp_templates"], group_name="approvals")
def whatsapp_templates(installation: Installation) -> dg.MaterializeResult:
    """Ask WhatsApp which of our templates may be sent; one that may not is `template_unavailable` from then on."""
    if closed := closed_by(installation.steps.settings):
        return dg.MaterializeResult(metadata={"closed": f"set {closed} to open it"})
    states = sync_templates(installation.steps)
    stopped = {f"{each.template_id} {each.language}": each.reason for each in states if each.status != "approved"}
    return dg.MaterializeResult(metadata={"templates": len(states), "not_sendable": stopped})


approvals = dg.define_asset_job(
    "template_approvals",
    selection=dg.AssetSelection.groups("approvals"),
    description="Ask WhatsApp which of our templates may be sent.",
)
# Before the hour's build, which brings the answer to the policy.
hourly_approvals = dg.ScheduleDefinition(
    job=approvals, cron_schedule="50 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING
)
