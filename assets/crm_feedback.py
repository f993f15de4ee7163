"""Feedback: what we did and heard becomes notes on the customers' timelines in the CRM."""

import dagster as dg

from assets.resources import Installation


@dg.asset(
    key=["crm", "notes"],
    deps=[["marts", "crm_feedback"]],
    group_name="feedback",
    kinds={"http"},
    description="Notes in the CRM: messages sent and received, engagement, opt-outs, conversations; each once.",
)
def notes(installation: Installation) -> dg.MaterializeResult:
    """Tell the CRM what it does not know yet."""
    done = installation.steps.tell_crm()
    return dg.MaterializeResult(metadata={"told": done.told, "found": done.found, "refused": done.refused})
