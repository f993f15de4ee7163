"""Experiments: companies stay in their arms, wrong sizes are noticed, looking often does not find what is not there."""

import random

import duckdb
import pytest

from campaigns import chances, experiments
from campaigns.playbooks import Playbook
from tests.campaigns.made import WORDS, definition
from tests.warehouse.conftest import add
from warehouse.build import build

VARIANTS = [{"variant": "a", "share": 0.5}, {"variant": "b", "share": 0.5}]
CAMPAIGN = Playbook.model_validate(
    definition(campaign_id="renewal", variants=VARIANTS, holdout_share=0.2, messages={"song_week_hello": WORDS})
)


def test_looking_after_every_ten_companies_finds_a_difference_that_is_not_there_in_at_most_one_of_twenty():
    dice, lasting, naive, trials = random.Random(3), 0, 0, 400
    for _ in range(trials):
        arms = [[0, 0], [0, 0]]
        seen_lasting = seen_naive = False
        for number in range(1, 1001):
            arm = arms[number % 2]
            arm[0] += dice.random() < 0.3
            arm[1] += 1
            if number % 10 == 0 and number >= 40:
                low, high = chances.lasting_interval((arms[0][0], arms[0][1]), (arms[1][0], arms[1][1]))
                seen_lasting |= low > 0 or high < 0
                one, other = (chances.wilson(*each) for each in arms)
                seen_naive |= one[0] > other[1] or other[0] > one[1]
        lasting += seen_lasting
        naive += seen_naive

    assert lasting <= 0.05 * trials < naive + 0.05 * trials
    low, high = chances.lasting_interval((300, 500), (150, 500))
    assert 0 < low < 0.3 < high


@pytest.mark.parametrize(("in_b", "verdict"), [(40, "fine"), (16, "warning"), (4, "alarm")])
def test_each_variant_has_its_own_results_against_all_held_out_and_wrong_sizes_are_noticed(
    warehouse: duckdb.DuckDBPyConnection, now, in_b, verdict
):
    sizes = {"a": 40, "b": in_b, "holdout": 20}
    for arm, companies in sizes.items():
        for number in range(companies):
            key = f"{arm}{number}"
            decision = {"run_id": "r1", "campaign_id": "renewal", "step": "renewal_30", "contact_id": key, "reason": ""}
            decision |= {"company_id": key, "subject_type": "contract", "subject_id": f"k{key}", "channel": "email"}
            decision |= {"outcome": "holdout" if arm == "holdout" else "send", "variant": arm, "snapshot_id": "s"}
            add(warehouse, "campaigns__decisions", {**decision, "decided_at": now})
            if arm != "holdout":
                message = {
                    "message_id": key,
                    "campaign_id": "renewal",
                    "run_id": "r1",
                    "variant": arm,
                    "contact_id": key,
                }
                message |= {"channel": "email", "status": "accepted", "planned_at": now, "accepted_at": now}
                add(warehouse, "journal__messages", message)
            common = {"_is_deleted": False, "created_at": now, "status": "Active", "company": key}
            add(warehouse, "crm__contracts", {"id": f"k{key}", **common})
            if arm == "b" or number % 4 == 0:  # all of b renew, and a quarter of the others
                add(warehouse, "crm__contracts", {"id": f"n{key}", "renewed_from": f"k{key}", **common})
    build(warehouse, now=now)

    rows = warehouse.execute(
        "select variant, audience, held_out, sent, converted, converted_holdout from marts.campaign_results order by 1"
    ).fetchall()
    assert rows == [("a", 60, 20, 40, 10, 5), ("b", in_b, 0, in_b, in_b, 5)]
    found = experiments.check_sample_ratio(warehouse, CAMPAIGN)
    assert (found.companies, found.verdict) == (sizes, verdict)
    whole, between = experiments.compare(warehouse, CAMPAIGN)
    assert (between.first, between.second, between.converted_first) == ("b", "a", in_b)
    assert between.may_stop == (in_b >= experiments.FEWEST)  # four of four prove nothing
    assert not whole.may_stop
