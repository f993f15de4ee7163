-- description: Models fitted by getvariable('now').
select *
from present.raw.predictions__models
where fitted_at <= getvariable('now')
