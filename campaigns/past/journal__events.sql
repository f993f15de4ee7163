-- description: Events we had heard of by getvariable('now').
select *
from present.raw.journal__events
where received_at <= getvariable('now') and occurred_at <= getvariable('now')
