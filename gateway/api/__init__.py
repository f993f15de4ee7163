"""The API under ``/api/v1``: each file a resource, every list paged, every error a problem document."""

from fastapi import APIRouter

from gateway.api import addresses, campaigns, conversations, exports, messages, segments, sends, suppressions
from gateway.problems import REFUSALS

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
for resource in (sends, messages, campaigns, segments, conversations, suppressions, addresses, exports):
    router.include_router(resource.router)
