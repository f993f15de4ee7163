"""The API under ``/api/v1``: each file a resource, every list paged, every error a problem document."""

from fastapi import APIRouter

from gateway.api import (
    addresses,
    campaign_life,
    campaigns,
    conversations,
    exports,
    messages,
    segments,
    sends,
    suppressions,
    templates,
)
from gateway.problems import REFUSALS

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
for resource in (
    sends,
    messages,
    campaigns,
    campaign_life,
    templates,
    segments,
    conversations,
    suppressions,
    addresses,
    exports,
):
    router.include_router(resource.router)
