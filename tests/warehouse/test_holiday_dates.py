"""The dates of ``marts.holidays`` against others' computations: the library's calendars, and the moon itself."""

import math
from datetime import UTC, date, datetime, timedelta

import holidays
import pytest

from warehouse.build import build
from warehouse.catalog import with_upstream

YEARS = range(2026, 2032)
# Who else computes a day, and what they call it. Islamic days are the Umm al-Qura calendar's, as the Emirates and the
# Maldives compute it; Chinese and Hindu ones those of a country whose government publishes them.
OTHERS = {
    "christmas": ("GB", "Christmas Day"),
    "songkran": ("TH", "Songkran Festival"),
    "singapore_national_day": ("SG", "National Day"),
    "chinese_new_year": ("SG", "Chinese New Year"),
    "mid_autumn": ("TW", "Mid-Autumn Festival"),
    "diwali": ("IN", "Diwali"),
    "eid_al_fitr": ("AE", "Eid al-Fitr"),
    "ramadan": ("MV", "First Day of Ramadan"),
}
# The moon that is seen decides: days that were announced, or are computed, one later than ours.
A_DAY_LATER = {("ramadan", "BN"): {date(2026, 2, 18), date(2030, 1, 5), date(2031, 12, 15)}}


@pytest.fixture
def dates(warehouse, now):
    build(warehouse, now=now, select=with_upstream("marts.holidays"))
    found = {}
    for holiday, day in warehouse.execute("select holiday, holiday_date from marts.holidays").fetchall():
        found.setdefault(holiday, set()).add(day)
    return found


def _first_days(country: str, name: str) -> set[date]:
    """Return the first day of each time a country keeps a holiday."""
    kept = holidays.country_holidays(country, years=YEARS, language="en_US", observed=False)
    days = sorted(day for day, said in kept.items() if any(one.split(" (")[0] == name for one in said.split("; ")))
    return {day for day in days if day - timedelta(days=1) not in days}


@pytest.mark.parametrize("holiday", OTHERS)
def test_every_day_to_2031_is_the_one_that_others_compute(dates, holiday):
    assert dates[holiday] == _first_days(*OTHERS[holiday])


def test_where_another_country_s_moon_is_a_day_later_it_is_known(dates):
    for (holiday, country), ours in A_DAY_LATER.items():
        others = _first_days(country, OTHERS[holiday][1])

        assert dates[holiday] - others == ours
        assert others - dates[holiday] == {day + timedelta(days=1) for day in ours}


def test_valentine_s_day_is_fixed(dates):
    assert dates["valentine"] == {date(year, 2, 14) for year in YEARS}


def test_loy_krathong_is_at_the_full_moon_six_months_of_the_moon_after_visakha_bucha(dates):
    moons = [_full_moon(lunation) for lunation in range(320, 400)]
    visakha = _first_days("TH", "Visakha Bucha")

    assert {day.year for day in dates["loy_krathong"]} == set(YEARS) == {day.year for day in visakha}
    for day in dates["loy_krathong"]:
        (full,) = (moon for moon in moons if abs(moon.date() - day) < timedelta(days=10))
        assert abs(full.date() - day) <= timedelta(days=1)  # the Thai calendar counts, it does not look
        (buddha,) = (each for each in visakha if each.year == day.year)
        assert (day - buddha).days in (177, 178)  # six months of 29 and 30 days, and now and then a day more


def _full_moon(lunation: int) -> datetime:
    """Return a full moon in Bangkok, to some minutes: Meeus, Astronomical Algorithms, chapter 49, its largest terms."""
    k = lunation + 0.5
    century = k / 1236.85
    sun, moon, node = (
        math.radians(start + rate * k)
        for start, rate in ((2.5534, 29.10535670), (201.5643, 385.81693528), (160.7108, 390.67050284))
    )
    days = 2451550.09766 + 29.530588861 * k + 0.00015437 * century**2 - 2451545.0
    days += -0.40614 * math.sin(moon) + 0.17302 * math.sin(sun) + 0.01614 * math.sin(2 * moon)
    days += 0.01043 * math.sin(2 * node) + 0.00734 * math.sin(moon - sun) - 0.00515 * math.sin(moon + sun)
    return datetime(2000, 1, 1, 12, tzinfo=UTC) + timedelta(days=days, hours=7)
