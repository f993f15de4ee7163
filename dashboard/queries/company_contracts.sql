-- question: Which contracts does one company have?
select
    contract_number,
    status,
    start_date,
    end_date,
    value,
    currency,
    has_successor
from marts.contracts
where company_id = $company_id and not is_deleted
order by 1
