-- description: One row per price of a message and the days for which it holds, from the user's prices.toml.
-- depends: raw.providers__prices

-- column: channel       | How people are reached.
-- column: category      | What WhatsApp bills a message as; empty on other channels.
-- column: calling_code  | What numbers begin with after the plus; empty: those without a price of their own, and on other channels.
-- column: price         | What one message costs, in currency.
-- column: currency      | ISO 4217 code of the price.
-- column: valid_from    | When it begins to hold, UTC: a day's beginning in Bangkok.
-- column: valid_until   | When the next one begins to hold, UTC; the end of time without one.

-- unique: channel, category, calling_code, valid_from
-- not_null: channel, category, calling_code, price, currency, valid_from, valid_until
-- accepted: channel | email, whatsapp, line, sms, messenger, instagram, x
-- assert: valid_from < valid_until

-- Countries whose numbers begin alike have one price: the loader sees to that.
with priced as (
    select
        channel,
        category,
        calling_code,
        currency,
        valid_from::timestamp at time zone 'Asia/Bangkok' as valid_from,
        any_value(amount) as price
    from raw.providers__prices
    group by all
)

select
    channel,
    category,
    calling_code,
    price,
    currency,
    valid_from,
    lead(valid_from, 1, '9999-12-31'::timestamptz) over (
        partition by channel, category, calling_code order by valid_from
    ) as valid_until
from priced
