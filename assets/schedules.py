"""When things run: builds by the hour, the full compare by night, campaigns by their cron in their time zone."""

from typing import Any

import dagster as dg

from assets.campaigns import PLAYBOOKS
from assets.resources import Installation
from campaigns import states
from campaigns.playbooks import Playbook

_MODELS = dg.AssetSelection.groups("staging", "marts", "serve").upstream(depth=0, include_self=True)
_WITHDRAWALS = dg.AssetSelection.assets(["campaigns", "withdrawals"])
_LOADS = dg.AssetSelection.groups("crm", "journal")

hourly_build = dg.define_asset_job(
    "hourly_build", selection=_LOADS | _MODELS | _WITHDRAWALS, description="Load what changed, build, check, publish."
)
refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.groups("journal") | _MODELS | _WITHDRAWALS,
    description="Load the store's news, build, publish: after webhooks came in, or rows of the CRM.",
)
nightly_compare = dg.define_asset_job(
    "nightly_compare",
    selection=dg.AssetSelection.groups("crm"),
    config={"ops": {"load_crm": {"config": {"mode": "full"}}}},
    description="Compare every CRM row: finds what the watermark misses and what was deleted.",
)
send_due = dg.define_asset_job(
    "send_due",
    selection=dg.AssetSelection.assets(["senders", "sends"]),
    description="Send what is planned and due: by hand, where no worker runs.",
)

feedback = dg.define_asset_job(
    "feedback",
    selection=dg.AssetSelection.groups("feedback"),
    description="Tell the CRM what was sent, read, answered and declined.",
)

daily_totals = dg.define_asset_job(
    "daily_totals",
    selection=dg.AssetSelection.groups("providers"),
    description="Ask the providers for their own counts; the next build compares them with ours.",
)

daily_predictions = dg.define_asset_job(
    "daily_predictions",
    selection=dg.AssetSelection.groups("predictions").downstream()
    & (_MODELS | dg.AssetSelection.groups("predictions")),
    description="Foresee who may leave, what customers will buy and when people react; check, publish.",
)


def campaign_job(playbook: Playbook) -> Any:
    """Make the job of one campaign: segments, its decisions, sending."""
    own = dg.AssetSelection.assets(["campaigns", playbook.campaign_id], ["senders", "sends"])
    segments = dg.AssetSelection.assets(["raw", "campaigns__segments"], ["raw", "campaigns__segment_memberships"])
    return dg.define_asset_job(
        f"{playbook.campaign_id}_campaign",
        selection=own | segments,
        description=f"Decide, plan and send: {playbook.name}.",
    )


due_campaigns = dg.define_asset_job(
    "due_campaigns",
    selection=dg.AssetSelection.assets(
        ["campaigns", "made_by_people"],
        ["senders", "sends"],
        ["raw", "campaigns__segments"],
        ["raw", "campaigns__segment_memberships"],
    ),
    description="Decide, plan and send what people have scheduled and is due.",
)


@dg.schedule(job=due_campaigns, cron_schedule="*/5 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def look_for_due_campaigns(installation: Installation) -> dg.RunRequest | dg.SkipReason:
    """Start a run only when something is due: a look costs one query."""
    due = states.due(installation.steps.store, installation.steps.clock())
    return dg.RunRequest() if due else dg.SkipReason("no campaign that people made is due")


CAMPAIGN_JOBS = {playbook.campaign_id: campaign_job(playbook) for playbook in PLAYBOOKS}
JOBS = [
    hourly_build,
    refresh,
    nightly_compare,
    daily_totals,
    feedback,
    daily_predictions,
    send_due,
    due_campaigns,
    *CAMPAIGN_JOBS.values(),
]

_ON = dg.DefaultScheduleStatus.RUNNING
SCHEDULES = [
    look_for_due_campaigns,
    dg.ScheduleDefinition(job=hourly_build, cron_schedule="5 * * * *", default_status=_ON),
    dg.ScheduleDefinition(
        job=nightly_compare, cron_schedule="30 2 * * *", execution_timezone="Asia/Bangkok", default_status=_ON
    ),
    # After the night's full compare, before campaigns decide.
    dg.ScheduleDefinition(
        job=daily_predictions, cron_schedule="45 5 * * *", execution_timezone="Asia/Bangkok", default_status=_ON
    ),
    dg.ScheduleDefinition(job=feedback, cron_schedule="20 * * * *", default_status=_ON),
    # Before the hour's build. Yesterday is over for LINE (UTC+9) since 22:00, for WhatsApp (UTC) since 7:00.
    dg.ScheduleDefinition(
        job=daily_totals, cron_schedule="30 11 * * *", execution_timezone="Asia/Bangkok", default_status=_ON
    ),
    *[
        dg.ScheduleDefinition(
            job=CAMPAIGN_JOBS[playbook.campaign_id],
            cron_schedule=playbook.cron,
            execution_timezone=playbook.time_zone,
            default_status=_ON,
        )
        for playbook in PLAYBOOKS
    ],
]
