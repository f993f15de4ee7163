"""Everything Dagster shows and runs."""

import dagster as dg

from assets import (
    campaigns,
    crm_feedback,
    lake,
    models,
    predictions,
    provider_templates,
    raw,
    reports,
    schedules,
    sensors,
)
from assets.resources import Installation

defs = dg.Definitions(
    assets=[
        raw.CRM,
        raw.STORE,
        raw.PROVIDERS,
        raw.FILES,
        *raw.LISTS,
        raw.PRICES,
        raw.load_crm,
        raw.load_journal,
        raw.load_providers,
        *models.MODEL_ASSETS,
        models.checked,
        models.published_copy,
        lake.lake_files,
        campaigns.compute_segments,
        *campaigns.CAMPAIGN_ASSETS,
        campaigns.made_by_people,
        campaigns.withdrawals,
        campaigns.DECISIONS,
        campaigns.sends,
        predictions.predict,
        crm_feedback.notes,
        provider_templates.whatsapp_templates,
        reports.deliveries,
    ],
    jobs=[*schedules.JOBS, lake.tidy, provider_templates.approvals, reports.due_reports],
    schedules=[
        *schedules.SCHEDULES,
        lake.nightly_tidy,
        provider_templates.hourly_approvals,
        reports.look_for_due_reports,
    ],
    sensors=[sensors.store_news],
    resources={"installation": Installation()},
    executor=dg.in_process_executor,
)
