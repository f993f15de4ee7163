-- question: Which invoices does one company have?
select
    invoice_number,
    status,
    issue_date,
    due_date,
    paid_date,
    total_amount,
    currency
from marts.invoices
where company_id = $company_id and not is_deleted
order by 1
