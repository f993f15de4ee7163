-- description: What people had written by getvariable('now'), as it is judged today: the text does not change.
select * from present.raw.journal__judgements
where occurred_at <= getvariable('now')
