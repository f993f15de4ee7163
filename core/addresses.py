"""Addresses as people type them: a phone number in E.164, and whether an email address could be written to."""

from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email

# Where a number without its country code is dialled.
_REGIONS = {
    "Thailand": "TH",
    "Singapore": "SG",
    "Hong Kong": "HK",
    "Vietnam": "VN",
    "Indonesia": "ID",
    "United Arab Emirates": "AE",
    "Maldives": "MV",
    "Malaysia": "MY",
    "Japan": "JP",
    "Philippines": "PH",
    "Cambodia": "KH",
    "Myanmar": "MM",
    "Laos": "LA",
    "China": "CN",
    "Taiwan": "TW",
    "India": "IN",
    "South Korea": "KR",
    "Qatar": "QA",
    "Saudi Arabia": "SA",
    "Kuwait": "KW",
    "Bahrain": "BH",
    "Oman": "OM",
    "Brunei": "BN",
    "Jordan": "JO",
    "Egypt": "EG",
    "Turkey": "TR",
    "Pakistan": "PK",
    "Bangladesh": "BD",
    "Sri Lanka": "LK",
    "Macau": "MO",
}


@lru_cache(maxsize=200_000)
def e164(text: str | None, country: str | None) -> str | None:
    """Return a phone number in E.164, read as dialled in ``country``; None when it is none."""
    try:
        number = phonenumbers.parse(text or "", _REGIONS.get(country or ""))
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@lru_cache(maxsize=200_000)
def valid_email(text: str | None) -> bool:
    """Say whether an address could be written to, by its syntax."""
    try:
        validate_email(text or "", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        # Names under .example and .test are kept for documentation and tests; they are well formed.
        return text is not None and text.endswith((".example", ".test")) and text.isascii() and text.count("@") == 1
    return True
