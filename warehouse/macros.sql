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
-- calling_code: what a number in E.164 begins with after the plus (ITU-T E.164, annex: one code is no other's beginning).
create or replace temp macro calling_code(number) as
    case
        when number[2] in ('1', '7') then number[2]
        when number[2:3] in (
            '20', '27', '30', '31', '32', '33', '34', '36', '39', '40', '41', '43', '44', '45', '46', '47', '48', '49', '51', '52',
            '53', '54', '55', '56', '57', '58', '60', '61', '62', '63', '64', '65', '66', '81', '82', '84', '86', '90', '91', '92',
            '93', '94', '95', '98'
        ) then number[2:3]
        else number[2:4]
    end;
create or replace temp macro spelling(name) as lower(trim(regexp_replace(name, '\s+', ' ', 'g')));
