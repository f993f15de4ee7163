-- description: One row per spelling of a country in the CRM: its name, its clock and its usual language.

-- column: country_as_typed | Spelling in the CRM.
-- column: country          | Name we use.
-- column: time_zone        | IANA zone of most of its businesses.
-- column: language         | Language to write in when the person has not said: th in Thailand, else en.

-- unique: country_as_typed
-- not_null: country_as_typed

select *
from (
    values
    ('Thailand', 'Thailand', 'Asia/Bangkok', 'th'),
    ('Singapore', 'Singapore', 'Asia/Singapore', 'en'),
    ('Hong Kong', 'Hong Kong', 'Asia/Hong_Kong', 'en'),
    ('Vietnam', 'Vietnam', 'Asia/Ho_Chi_Minh', 'en'),
    ('Viet Nam', 'Vietnam', 'Asia/Ho_Chi_Minh', 'en'),
    ('Indonesia', 'Indonesia', 'Asia/Jakarta', 'en'),
    ('UAE', 'United Arab Emirates', 'Asia/Dubai', 'en'),
    ('United Arab Emirates', 'United Arab Emirates', 'Asia/Dubai', 'en'),
    ('Maldives', 'Maldives', 'Indian/Maldives', 'en'),
    ('Malaysia', 'Malaysia', 'Asia/Kuala_Lumpur', 'en'),
    ('Japan', 'Japan', 'Asia/Tokyo', 'en'),
    ('Korea', 'South Korea', 'Asia/Seoul', 'en'),
    ('South Korea', 'South Korea', 'Asia/Seoul', 'en'),
    ('Philippines', 'Philippines', 'Asia/Manila', 'en'),
    ('Cambodia', 'Cambodia', 'Asia/Phnom_Penh', 'en'),
    ('Myanmar', 'Myanmar', 'Asia/Yangon', 'en'),
    ('Laos', 'Laos', 'Asia/Vientiane', 'en'),
    ('China', 'China', 'Asia/Shanghai', 'en'),
    ('Taiwan', 'Taiwan', 'Asia/Taipei', 'en'),
    ('India', 'India', 'Asia/Kolkata', 'en'),
    ('Qatar', 'Qatar', 'Asia/Qatar', 'en'),
    ('Saudi Arabia', 'Saudi Arabia', 'Asia/Riyadh', 'en')
) as known (country_as_typed, country, time_zone, language)
