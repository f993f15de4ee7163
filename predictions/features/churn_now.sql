-- features: The risk of leaving that was scored at $now, of companies whose last contract ends within the risk's horizon.
-- One row per company; empty where churn has no number.
select
    churn.company_id,
    any_value(churn.score) as churn_score
from raw.predictions__churn_scores as churn
inner join marts._contract_terms as term on term.company_id = churn.company_id and term.known_at <= $now::timestamptz
where churn.scored_at = $now::timestamptz and churn.score is not null
group by churn.company_id
having max(term.end_date) <= ($now::timestamptz at time zone 'Asia/Bangkok')::date + any_value(churn.horizon_days)
order by churn.company_id
