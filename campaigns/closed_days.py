"""Public holidays, by country: on one nobody there is written to. Which days they are is the library's knowledge."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

AHEAD = 31  # days: the longest that anybody may have to wait for a working day, and more


def closed_days(countries: Iterable[str], first: date) -> list[str]:
    """Return ``Thailand 2026-12-07`` for each public holiday of a country in the month from ``first`` on.

    ``countries`` have the names of ours; one that the library does not know has none.
    """
    days = [first + timedelta(days=each) for each in range(-1, AHEAD + 2)]  # of every time zone
    years = sorted({day.year for day in days})
    return [
        f"{country} {day}"
        for country in sorted(set(countries))
        for day in days
        if any(day in _holidays(country, year) for year in years)
    ]


@cache
def _holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    try:
        return frozenset(holidays.country_holidays(country.replace(" ", ""), years=year))
    except NotImplementedError:  # the package's word for a country that it does not know
        return frozenset()
