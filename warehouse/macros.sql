-- description: Formulas that models share. Wilson's score interval and Newcombe's hybrid-score interval for a
-- difference of two proportions (Newcombe 1998, Statistics in Medicine 17:873-890, method 10), at 95 %.
-- spelling: a name as people type it, folded so that case and spaces do not tell two of them apart.
-- noqa: disable=LT02
create or replace temp macro wilson_low(x, n) as
    case when n > 0 then
        (x / n + 1.9208 / n - 1.96 * sqrt(greatest(x / n * (1 - x / n) / n + 0.9604 / (n * n), 0))) / (1 + 3.8416 / n)
    end;
create or replace temp macro wilson_high(x, n) as
    case when n > 0 then
        (x / n + 1.9208 / n + 1.96 * sqrt(greatest(x / n * (1 - x / n) / n + 0.9604 / (n * n), 0))) / (1 + 3.8416 / n)
    end;
create or replace temp macro lift_low(x1, n1, x2, n2) as
    case when n1 > 0 and n2 > 0 then
        x1 / n1 - x2 / n2 - sqrt((x1 / n1 - wilson_low(x1, n1)) ** 2 + (wilson_high(x2, n2) - x2 / n2) ** 2)
    end;
create or replace temp macro lift_high(x1, n1, x2, n2) as
    case when n1 > 0 and n2 > 0 then
        x1 / n1 - x2 / n2 + sqrt((wilson_high(x1, n1) - x1 / n1) ** 2 + (x2 / n2 - wilson_low(x2, n2)) ** 2)
    end;
-- taken: the highest load number of a raw table that the model being brought up to date has taken in.
create or replace temp macro taken(source) as getvariable('taken')[source];
-- touched_since: no row that the model being brought up to date computes again is older than this.
create or replace temp macro touched_since() as getvariable('touched_since');
create or replace temp macro spelling(name) as lower(trim(regexp_replace(name, '\s+', ' ', 'g')));
