-- description: One row per kind of conversion: what counts as a campaign's success, and within how many days of the decision. A
-- description: campaign names its own (conversion, conversion_days); one that names none has that of what it is about.

-- column: conversion   | What success is, in one word.
-- column: days         | Days from the decision within which it counts, unless the campaign says otherwise.
-- column: subject_type | What a campaign is about that has it without saying so; null: it must say so.
-- column: is_of_company | Whether it may come of anything of the company, not only of the subject that was written about.
-- column: definition   | What is counted, from which rows of the CRM or of our own events.

-- unique: conversion
-- accepted: conversion | renewed, paid, back_online, quote_accepted, contract_signed, deal_won, came_back, replied, none
-- not_null: conversion, days, is_of_company, definition

select *
from (
    values
    (
        'renewed', 45, 'contract', false,
        'A contract that is not cancelled follows the subject (contracts.renewed_from_contract_id), made within the days; its value.'
    ),
    ('paid', 21, 'invoice', false, 'The invoice''s paid_date lies within the days; its total_amount.'),
    (
        'back_online', 2, 'zone', false,
        'A load saw the zone''s status become online (crm_history) within 24 hours a day; no amount.'
    ),
    ('quote_accepted', 30, 'quote', false, 'The quote''s accepted_date lies within the days; its total_value.'),
    (
        'contract_signed', 30, null, false,
        'A load saw the contract''s status become Active (crm_history) within the days: the CRM keeps no day of signing; its value.'
    ),
    (
        'deal_won', 45, 'opportunity', false,
        'The opportunity is Won, and its stage_changed_at lies within the days; no amount, since its value has no currency.'
    ),
    (
        'came_back', 90, null, true,
        'A contract of the company was made within the days and is Active, Renewed or Expired, which a draft is not; its value.'
    ),
    (
        'replied', 14, 'ticket', true,
        'A person of the company wrote to us on any channel within the days, and not to stop; held out or not; no amount.'
    ),
    ('none', 0, null, false, 'Nothing that data could tell: the campaign informs. Its results have no conversion and no lift.')
) as goal (conversion, days, subject_type, is_of_company, definition)
