-- question: What is there about one company?
from marts.companies
where company_id = $company_id
