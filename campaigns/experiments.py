"""Experiments: whether the arms have the sizes that they should, and whether it is time to stop."""

from dataclasses import dataclass
from typing import Any

from campaigns.chances import SAMPLE_RATIO_ALARM, SAMPLE_RATIO_WARNING, lasting_interval, sample_ratio
from campaigns.playbooks import Playbook
from core.vocabulary import Conversion

FEWEST = 30  # companies in each arm before the interval, which is asymptotic, may end anything
_FIRST = """
    select arg_min(case when outcome = 'holdout' then 'holdout' else variant end, decided_at) as arm
    from raw.campaigns__decisions
    where campaign_id = ? and outcome in ('send', 'holdout')
    group by company_id
"""

_CONVERTED = """
    with companies as (
        select company_id, arg_min(variant, decided_at) as arm, bool_or(is_converted) as is_converted
        from marts._treatments where campaign_id = ? and conversion <> 'none' group by company_id
    )
    select arm, count(*) filter (is_converted), count(*) from companies group by arm order by arm
"""


@dataclass(frozen=True, kw_only=True)
class SampleRatio:
    """Companies by arm, the shares they should have, and how likely sizes so far from them are by chance.

    ``verdict``: ``alarm`` means that the arms cannot be compared (below .001), ``warning`` that somebody should look.
    """

    campaign_id: str
    companies: dict[str, int]
    expected: dict[str, float]
    probability: float
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Conversion of two arms, in companies; the interval holds however often one looks.

    ``may_stop``: it leaves zero, with 30 companies in each arm at least: the experiment may end.
    """

    first: str
    second: str
    converted_first: int
    companies_first: int
    converted_second: int
    companies_second: int
    low: float
    high: float
    may_stop: bool


def compare(connection: Any, playbook: Playbook) -> list[Comparison]:
    """Compare all that were written to with the holdout, and each variant with the first; from the warehouse.

    A campaign without a conversion has nothing to be compared by: no row.
    """
    if playbook.conversion is Conversion.NONE:
        return []
    found = connection.execute(_CONVERTED, [playbook.campaign_id]).fetchall()
    arms = {arm: (int(converted), int(companies)) for arm, converted, companies in found}
    treated = [counts for arm, counts in arms.items() if arm != "holdout"]
    arms["treated"] = (sum(each[0] for each in treated), sum(each[1] for each in treated))
    variants = list(playbook.arms)
    pairs = [("treated", "holdout")] if playbook.holdout_share else []
    pairs += [(each, variants[0]) for each in variants[1:]]
    compared = []
    for first, second in pairs:
        one, other = arms.get(first, (0, 0)), arms.get(second, (0, 0))
        low, high = lasting_interval(one, other)
        compared.append(
            Comparison(
                first=first,
                second=second,
                converted_first=one[0],
                companies_first=one[1],
                converted_second=other[0],
                companies_second=other[1],
                low=low,
                high=high,
                may_stop=min(one[1], other[1]) >= FEWEST and (low > 0 or high < 0),
            )
        )
    return compared


def check_sample_ratio(connection: Any, playbook: Playbook) -> SampleRatio:
    """Compare the arms' sizes, in companies at their first decision, with the shares of the definition of today.

    ``connection`` is the warehouse.
    """
    found = connection.execute(
        f"select arm, count(*) from ({_FIRST}) group by arm order by arm",  # noqa: S608 -- ours
        [playbook.campaign_id],
    )
    companies = dict(found.fetchall())
    treated = 1 - playbook.holdout_share
    expected = {arm: treated * share / 10_000 for arm, share in playbook.arms.items()}
    if playbook.holdout_share:
        expected["holdout"] = playbook.holdout_share
    probability = sample_ratio(companies, expected)
    verdict = "fine"
    if probability < SAMPLE_RATIO_WARNING:
        verdict = "alarm" if probability < SAMPLE_RATIO_ALARM else "warning"
    return SampleRatio(
        campaign_id=playbook.campaign_id,
        companies=companies,
        expected={arm: round(share, 4) for arm, share in expected.items()},
        probability=probability,
        verdict=verdict,
    )
