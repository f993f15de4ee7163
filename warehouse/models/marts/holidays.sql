-- description: One row per holiday and season of the seasonal campaign: its day, whom it concerns and from when on we write. This is
-- description: the one place for its dates: add the next ones here before the last one has passed, or the campaign stops and says so.

-- column: holiday      | The holiday's name: also the name of its template and of its step.
-- column: season       | Which one: the year, for Ramadan and Eid the Hijri year. A day that is corrected keeps its season.
-- column: holiday_date | Day of the holiday, in its country. Those that follow the moon may be a day off: no message names the day.
-- column: send_date    | First day on which we write about it.
-- column: countries    | Countries in which it is kept, by our names; null: everywhere.

-- unique: holiday, season
-- not_null: holiday, season

with kept as (
    select *
    from (
        values
        ('christmas', 71, null),
        ('valentine', 14, null),
        ('songkran', 15, ['Thailand']),
        ('singapore_national_day', 14, ['Singapore']),
        (
            'chinese_new_year', 14,
            -- The CRM has North Korea too: nobody there may be a customer.
            [
                'Thailand', 'Singapore', 'Malaysia', 'Hong Kong', 'China', 'Taiwan', 'Vietnam', 'Japan', 'South Korea',
                'Philippines', 'Indonesia', 'Myanmar', 'Cambodia', 'Laos', 'Brunei', 'Macau', 'Mongolia'
            ]
        ),
        ('loy_krathong', 14, ['Thailand']),
        (
            'ramadan', 14,
            [
                'United Arab Emirates', 'Saudi Arabia', 'Qatar', 'Kuwait', 'Bahrain', 'Oman', 'Malaysia', 'Indonesia',
                'Brunei', 'Jordan', 'Lebanon', 'Egypt', 'Iraq', 'Iran', 'Turkey', 'Pakistan', 'Bangladesh'
            ]
        ),
        ('diwali', 14, ['India', 'Nepal', 'Singapore', 'Malaysia', 'Sri Lanka', 'Mauritius', 'Fiji']),
        ('mid_autumn', 14, ['China', 'Vietnam', 'Taiwan', 'Hong Kong', 'Macau', 'Singapore', 'Malaysia']),
        (
            'eid_al_fitr', 14,
            [
                'Indonesia', 'Malaysia', 'Brunei', 'Singapore', 'United Arab Emirates', 'Saudi Arabia', 'Qatar', 'Kuwait',
                'Bahrain', 'Oman', 'Jordan', 'Lebanon', 'Egypt', 'Iraq', 'Iran', 'Turkey', 'Pakistan', 'Bangladesh'
            ]
        )
    ) as kept (holiday, days_before, countries)
),

fixed as (
    select
        day.holiday,
        year.number::varchar as season,
        make_date(year.number, day.month, day.day) as holiday_date
    from (
        values ('christmas', 12, 25), ('valentine', 2, 14), ('songkran', 4, 13), ('singapore_national_day', 8, 9)
    ) as day (holiday, month, day)
    cross join range(2026, 2032) as year (number)
),

moving as (
    select *
    from (
        values
        ('chinese_new_year', '2026', date '2026-02-17'),
        ('chinese_new_year', '2027', date '2027-02-06'),
        ('chinese_new_year', '2028', date '2028-01-26'),
        ('chinese_new_year', '2029', date '2029-02-13'),
        ('chinese_new_year', '2030', date '2030-02-03'),
        ('chinese_new_year', '2031', date '2031-01-23'),
        ('loy_krathong', '2026', date '2026-11-24'),
        ('loy_krathong', '2027', date '2027-11-13'),
        ('loy_krathong', '2028', date '2028-11-02'),
        ('loy_krathong', '2029', date '2029-11-21'),
        ('loy_krathong', '2030', date '2030-11-10'),
        ('loy_krathong', '2031', date '2031-11-28'),
        -- By the Umm al-Qura calendar; the moon that is seen decides.
        ('ramadan', '1447', date '2026-02-18'),
        ('ramadan', '1448', date '2027-02-08'),
        ('ramadan', '1449', date '2028-01-28'),
        ('ramadan', '1450', date '2029-01-16'),
        ('ramadan', '1451', date '2030-01-05'),
        ('ramadan', '1452', date '2030-12-26'),
        ('ramadan', '1453', date '2031-12-15'),
        ('eid_al_fitr', '1447', date '2026-03-20'),
        ('eid_al_fitr', '1448', date '2027-03-09'),
        ('eid_al_fitr', '1449', date '2028-02-26'),
        ('eid_al_fitr', '1450', date '2029-02-14'),
        ('eid_al_fitr', '1451', date '2030-02-04'),
        ('eid_al_fitr', '1452', date '2031-01-24'),
        ('diwali', '2026', date '2026-11-08'),
        ('diwali', '2027', date '2027-10-29'),
        ('diwali', '2028', date '2028-10-17'),
        ('diwali', '2029', date '2029-11-05'),
        ('diwali', '2030', date '2030-10-26'),
        ('diwali', '2031', date '2031-11-14'),
        ('mid_autumn', '2026', date '2026-09-25'),
        ('mid_autumn', '2027', date '2027-09-15'),
        ('mid_autumn', '2028', date '2028-10-03'),
        ('mid_autumn', '2029', date '2029-09-22'),
        ('mid_autumn', '2030', date '2030-09-12'),
        ('mid_autumn', '2031', date '2031-10-01')
    ) as moving (holiday, season, holiday_date)
),

dated as (
    select * from fixed
    union all
    select * from moving
)

select
    kept.holiday,
    dated.season,
    dated.holiday_date,
    dated.holiday_date - kept.days_before as send_date,
    kept.countries
from kept
left join dated on dated.holiday = kept.holiday
