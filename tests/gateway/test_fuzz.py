"""Whatever is sent to the API: no fault of ours, and answers as the OpenAPI document says.

The short, deterministic profile is the suite's; the long one:
``python3 run.py test tests/gateway/test_fuzz.py --hypothesis-profile=long``.
"""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from gateway.app import create_app
from gateway.rates import RateLimits
from tests.gateway.conftest import signed_in
from tests.gateway.test_sends import SEND, WISH, headers

KNOWN = {"contact_id": "malee", "campaign_id": "invoice_ready", "segment_id": "renewal_due", "table": "companies"}
# Not asked: an unknown parameter is no reason to refuse, and what fits the document may still name nothing there is.
NOT_PROMISED = [negative_data_rejection, positive_data_acceptance]


@pytest.fixture
def schema(place, settings, now, crm, client):
    """The API of an installation with data, as its own document describes it."""
    message_id = client.post(SEND, json=WISH, headers=headers()).json()["message_id"]
    app = create_app(
        settings,
        engine=place,
        clock=lambda: now,
        crm=httpx.MockTransport(crm),
        limits=RateLimits(callers=10**9, strangers=10**9),
    )
    return schemathesis.openapi.from_asgi("/openapi.json", app), {**KNOWN, "message_id": message_id}


def ask(schema, known, mode):
    """Ask every operation as the mode says; half of the ids in paths are ones that exist."""
    is_long = settings.get_current_profile_name() == "long"
    profile = settings(
        max_examples=settings.get_profile("long").max_examples if is_long else 6,
        derandomize=not is_long,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @profile
        @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
        def one(case, is_known):
            nonlocal asked
            asked += 1
            if is_known and case.path_parameters:
                case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
            case.call_and_validate(headers=signed_in("ada"), excluded_checks=NOT_PROMISED)

        one()
    return asked


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "not as described"]
)
def test_no_request_makes_a_fault_and_every_answer_is_as_described(schema, mode):
    assert ask(*schema, mode) > 0
