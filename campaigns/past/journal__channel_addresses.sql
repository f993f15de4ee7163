-- description: Addresses confirmed by getvariable('now'), and those never confirmed; a block has no history: it is as now.
select *
from present.raw.journal__channel_addresses
where confirmed_at is null or confirmed_at <= getvariable('now')
