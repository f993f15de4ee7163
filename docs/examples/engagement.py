# %% [markdown]
# # Which weekday do people open on?
# Reads the newest published copy without contact details; see docs/analysts.md. Encrypted copies open by
# `BMA_WAREHOUSE_KEY`. Needs `duckdb` and `polars`.
# Run it cell by cell, or whole: `python docs/examples/engagement.py`.

# %%
import json
import os
from pathlib import Path

import duckdb

serve = Path(os.environ.get("BMA_DATA_DIR", "data")) / "serve"
newest = json.loads((serve / "newest.json").read_text())
key = os.environ.get("BMA_WAREHOUSE_KEY", "").replace("'", "''")  # where the copies are encrypted
options = f"encryption_key '{key}', read_only" if key else "read_only"
connection = duckdb.connect()
connection.execute(f"attach '{serve / newest['masked_path']}' as warehouse ({options})")
connection.execute("use warehouse")
connection.execute("set timezone = 'UTC'")
print("published at", newest["published_at"])

# %% [markdown]
# Counted by a person's open, of delivered: machines open at once, on whatever day.

# %%
by_weekday = connection.sql("""
    select
        isodow(planned_at at time zone 'Asia/Bangkok') as weekday,
        channel,
        count(*) as delivered,
        count(*) filter (first_human_opened_at is not null) as opened,
        opened / delivered as open_rate
    from marts.messages
    where delivered_at is not null
    group by all
    order by all
""").pl()
print(by_weekday)

# %% [markdown]
# How long do they take? Half of them have opened after `half_hours`.

# %%
delays = connection.sql("""
    select
        channel,
        count(*) as opens,
        median(epoch(first_human_opened_at - delivered_at)) / 3600 as half_hours
    from marts.messages
    where first_human_opened_at is not null and delivered_at is not null
    group by all
    order by all
""").pl()
print(delays)
