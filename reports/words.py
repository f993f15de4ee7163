"""The words of people's screens and files, in English and Thai: one catalogue for pages, PDFs and emails."""

import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

_LOCALES = Path(__file__).parents[1] / "dashboard" / "locales"
_BUDDHIST_ERA = 543


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return every word of a language by key."""
    found = tomllib.loads((_LOCALES / f"{language}.toml").read_text())
    titles = found.pop("column")
    return found | {f"column_{name}": text for name, text in titles.items()}


@cache
def _of_values(language: str, column: str) -> dict[str, str]:
    start = f"{column}_"
    return {key.removeprefix(start): text for key, text in catalogue(language).items() if key.startswith(start)}


class Words:
    """What is said to one reader."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._known = catalogue(language)

    def say(self, key: str, **values: object) -> str:
        """Return a text. Raises KeyError for an unknown key: a test finds those."""
        return self._known[key].format(**values)

    def title(self, column: str) -> str:
        """Return a column's title: its word where there is one, else its name made readable."""
        name = column.removesuffix("_id")
        if (own := self._known.get(f"column_{column}")) is not None:
            return own
        return self._known.get(f"column_{name}") or self._known.get(name) or name.replace("_", " ").capitalize()

    def of_values(self, column: str) -> dict[str, str]:
        """Return the words for a column's values (an outcome, a channel, a status)."""
        return dict(_of_values(self.language, column))

    @property
    def era(self) -> int:
        """The years to add: Thai readers count by the Buddhist era."""
        return _BUDDHIST_ERA if self.language == "th" else 0

    def day(self, value: date | None) -> str:
        """Show a day."""
        return "–" if value is None else f"{value:%d/%m}/{value.year + self.era}"

    def when(self, moment: datetime | None, zone: str) -> str:
        """Show a time in a zone."""
        if moment is None:
            return "–"
        local = moment.astimezone(ZoneInfo(zone))
        return f"{local:%d/%m}/{local.year + self.era} {local:%H:%M}"

    def value(self, column: str, value: Any, zone: str) -> str:
        """Show one value of a table as people read it."""
        if value is None:
            return "–"
        if isinstance(value, datetime):
            return self.when(value, zone)
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, str):
            return self.of_values(column).get(value, value)
        if isinstance(value, float):
            return f"{100 * value:.1f} %" if is_share(column) else f"{value:,.2f}"
        return f"{value:,}"


_SHARES = ("_rate", "_rate_human", "_rate_raw", "_share", "lift", "lift_low", "lift_high")


def is_share(column: str) -> bool:
    """Say whether a column's numbers are shares, shown in percent."""
    return column.endswith(_SHARES)
