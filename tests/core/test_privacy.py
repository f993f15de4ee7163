"""Masking: no contact detail leaves by a log line; ids and times stay readable."""

import pytest

from core.privacy import mask_address, mask_text


@pytest.mark.parametrize(
    "detail",
    [
        "somchai.demo@hotel.example",
        "+66812345678",
        "081-234-5678",
        "U0123456789abcdef0123456789abcdef",
    ],
)
def test_contact_details_are_masked_in_text(detail: str) -> None:
    masked = mask_text(f"could not reach {detail} today")

    assert detail not in masked
    assert masked.startswith("could not reach ")


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-03-02T03:00:00.000000Z",
        "bdd640fb-0667-4ad1-9c80-317fa3b1799d",
        "1,234 rows in 12.5 s",
    ],
)
def test_ids_and_times_stay_readable(harmless: str) -> None:
    assert mask_text(harmless) == harmless


def test_an_address_is_recognisable_but_useless() -> None:
    assert mask_address("somchai@hotel.example") == "s…@hotel.example"
    assert mask_address("+66812345678") == "+668…78"
