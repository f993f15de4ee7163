"""One row of a list → a person, a duplicate, or a reject with its reason."""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.addresses import e164, valid_email
from core.ids import derived_id
from pipelines.files import mapping
from pipelines.files.mapping import ADDRESSES, Wish

_LINE_USER = re.compile(r"U[0-9a-f]{32}")
_EXPONENT = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)
_NUMBER_WITH_POINT = re.compile(r"\d{8,15}[.,]0+")
_BUDDHIST = 543  # years from the Christian to the Buddhist era
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")


@dataclass(frozen=True)
class Refused:
    """Why a row is not taken: ``reject_type`` is record or duplicate."""

    reject_type: str
    reason: str


@dataclass
class Reader:
    """Reads rows in the file's order; remembers the addresses it has seen to tell duplicates."""

    names: list[str]
    columns: dict[str, str]
    wish: Wish
    today: date
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def read(self, line_number: int, cells: list[str]) -> dict[str, Any] | Refused:
        """Return a row of ``raw.files__contacts`` without list, version and time, or why there is none."""
        if any(cell.strip() for cell in cells[len(self.names) :]):
            return Refused("record", "more cells than the header has: a separator inside a value without quotes?")
        given = dict(zip(self.names, (*cells, *[""] * (len(self.names) - len(cells))), strict=False))
        typed = {name: clean(given[column]) for name, column in self.columns.items()}
        country = mapping.country_name(typed.get("country") or self.wish.country)
        addresses = {
            "email": email(typed.get("email", "")),
            "mobile": mobile(typed.get("mobile", ""), country),
            "line_user_id": line_user(typed.get("line_user_id", "")),
        }
        strongest = next((kind for kind in ADDRESSES if addresses[kind]), None)
        if strongest is None:
            return Refused("record", _why_no_address(typed))
        first_line = self._seen.get((strongest, addresses[strongest] or ""))
        if first_line is not None:
            return Refused("duplicate", f"line {first_line} has the same {_WORDS[strongest]}")
        for kind, address in addresses.items():
            if address:
                self._seen.setdefault((kind, address), line_number)
        return {
            "line_number": line_number,
            "person_id": derived_id("list person", strongest, addresses[strongest]),
            "name": typed.get("name") or f"{typed.get('first_name', '')} {typed.get('last_name', '')}".strip() or None,
            "company_name": typed.get("company_name"),
            "job_title": typed.get("job_title"),
            **addresses,
            **{f"{kind}_as_typed": typed.get(kind) for kind in ADDRESSES},
            "country": country,
            "language": mapping.language_code(typed.get("language", "")),
            **self._consent(typed),
            "attributes": self._attributes(given),
        }

    def _consent(self, typed: dict[str, str]) -> dict[str, Any]:
        """Say whether this person agreed: in their own row where the list has such a column, else with the list."""
        given_at = self.wish.consent.given_at
        if typed.get("consent_at"):
            given_at = day(typed["consent_at"])
        has_consent = (
            bool(self.wish.consent.purposes)
            and given_at is not None
            and given_at <= self.today
            and ("consent" not in typed or mapping.says_yes(typed["consent"]))
        )
        return {"has_consent": has_consent, "consent_at": given_at if has_consent else None}

    def _attributes(self, given: dict[str, str]) -> str:
        mapped = set(self.columns.values())
        left = {name: clean(value) for name, value in given.items() if name not in mapped and value.strip()}
        return json.dumps(left, ensure_ascii=False)


_WORDS = {"email": "email", "mobile": "mobile number", "line_user_id": "LINE user id"}


def _why_no_address(typed: dict[str, str]) -> str:
    reasons = []
    if text := typed.get("email"):
        is_several = text.count("@") > 1
        reasons.append("more than one email in the cell" if is_several else "the email could not be written to")
    if text := typed.get("mobile"):
        is_shortened = _EXPONENT.fullmatch(text.replace(" ", ""))
        reasons.append(
            "Excel cut digits off the mobile number: format the column as text and type it again"
            if is_shortened
            else "the mobile number is none"
        )
    if typed.get("line_user_id"):
        reasons.append("a LINE user id is U and 32 hexadecimal digits, not the name a person chose")
    return "; ".join(reasons) or "no email, mobile number or LINE user id"


def clean(text: str) -> str:
    """Return a cell without what nobody sees: spaces around, doubled or unbreakable, zero-width marks, NUL."""
    seen = "".join(char for char in text if unicodedata.category(char) not in {"Cf", "Cc"} or char.isspace())
    return " ".join(seen.split())


def email(text: str) -> str | None:
    """Return an email address in lower case, or None."""
    address = text.removeprefix("mailto:").lower()
    return address if valid_email(address) else None


def mobile(text: str, country: str | None) -> str | None:
    """Return a number in E.164, or None; takes back what Excel does to numbers, where no digit is lost."""
    number = text.lstrip("'").strip()
    if _NUMBER_WITH_POINT.fullmatch(number):
        number = re.split("[.,]", number)[0]
    elif _EXPONENT.fullmatch(number.replace(" ", "")):
        return _unfolded(number, country)
    if number.startswith("00"):
        number = "+" + number[2:]
    return e164(number, country)


def _unfolded(number: str, country: str | None) -> str | None:
    """Read 6.6812345678E+10: good while the point hides no digit, for 6.68123E+10 has lost some."""
    try:
        value = Decimal(number.replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None
    _, digits, exponent = value.as_tuple()
    return e164("".join(map(str, digits)), country) if exponent == 0 else None


def line_user(text: str) -> str | None:
    """Return a LINE user id, or None."""
    return text if _LINE_USER.fullmatch(text) else None


def day(text: str) -> date | None:
    """Read a day as Thais and Excel write it: day before month, Christian or Buddhist era; None if it is none."""
    digits = re.split("[T ]", "".join(str(unicodedata.digit(char)) if char.isdecimal() else char for char in text))[0]
    year = re.search(r"\d{4}", digits)
    if year and int(year[0]) > 2400:
        digits = digits.replace(year[0], str(int(year[0]) - _BUDDHIST))
    for shape in _DAYS:
        try:
            return datetime.strptime(digits, shape).date()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    return None
