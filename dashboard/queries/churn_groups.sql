-- question: Of companies with similar scores in the past window, how many were to leave, and how many did?
select
    score_group,
    companies,
    predicted_rate,
    left_rate,
    left_rate_low,
    left_rate_high,
    left_count
from marts.churn_calibration
where is_in_use
order by score_group
