-- question: How recently, how often and for how much does one company buy?
select
    purchase_segment,
    currency,
    purchase_count,
    purchase_amount,
    last_purchase_date,
    recency_score,
    frequency_score,
    monetary_score
from marts.company_rfm
where company_id = $company_id
order by currency
