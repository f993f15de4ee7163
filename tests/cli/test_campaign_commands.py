"""``bma campaign``: a campaign made by people, from its file to its end, on the command line."""

import json
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from core.clock import utc_now
from core.errors import PermanentError
from tests.campaigns.conftest import Town
from tests.campaigns.made import definition
from tests.cli.test_commands import Run, run, store  # noqa: F401 -- fixtures
from tests.warehouse.conftest import warehouse  # noqa: F401 -- a fixture
from warehouse.build import build
from warehouse.publish import publish


def test_a_campaign_goes_from_its_file_to_its_end(run: Run, store: sa.Engine, warehouse: Any, tmp_path: Any) -> None:  # noqa: F811
    def told(*words: str) -> Any:
        result = run("campaign", *words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    town = Town(warehouse, store, utc_now())
    contact = town.contact(company := town.company())
    town.contract(company, ends_in=10)
    town.settle()
    build(warehouse, now=town.now)
    publish(warehouse, tmp_path / "serve", town.now)
    warehouse.close()  # the commands open it themselves
    file = tmp_path / "song_week.yaml"
    file.write_text(yaml.safe_dump(definition()))

    assert told("draft", str(file), "--by", "nok") == {"campaign_id": "song_week", "version": 1}
    looked = told("preview", "song_week")
    assert looked["totals"]["audience"] == sum(fall["contacts"] for fall in looked["waterfall"]) == 1
    assert {"completeness", "overlap", "cost", "quota", "duration", "expected", "detectable"} <= looked.keys()
    assert len(told("preview", "song_week", "--contact", contact)) == 4  # two channels, two languages
    assert told("check", "song_week", "--by", "nok")["status"] == "checked"
    refused = run("campaign", "approve", "song_week", "--by", "nok")
    assert isinstance(refused.exception, PermanentError) and "another person" in str(refused.exception)
    assert run("campaign", "approve", "song_week", "--by", "lek").exit_code == 0
    told("schedule", "song_week")
    assert {row["campaign_id"]: row["status"] for row in told("list")}["song_week"] == "scheduled"
    assert run("campaign", "pause", "song_week", "--reason", "wrong price").exit_code == 0
    assert {row["campaign_id"]: row["held"] for row in told("list")}["song_week"] == "wrong price"
    with pytest.raises(PermanentError, match="is paused"):
        raise run("campaign", "plan", "song_week").exception or AssertionError
    assert run("campaign", "resume", "song_week").exit_code == 0
    assert told("cancel", "song_week") == {"cancelled": 0}
    assert "song_week" not in {row["campaign_id"] for row in told("list")}


def test_why_somebody_got_a_message_or_not_is_answered_by_decisions_and_ledger(
    run: Run,  # noqa: F811
    store: sa.Engine,  # noqa: F811
    warehouse: Any,  # noqa: F811
    now: datetime,
) -> None:
    town = Town(warehouse, store, now)
    company = town.company()
    first, second = town.contact(company), town.contact(company, contact_type="Other", is_primary=False)
    contract = town.contract(company, ends_in=10)
    town.run("renewal")
    town.change("contracts", contract, status="Cancelled")
    town.cancel()
    warehouse.close()
    (written,) = json.loads(run("campaign", "why", first, "--json").stdout)
    (spared,) = json.loads(run("campaign", "why", second, "--campaign", "renewal", "--json").stdout)

    assert (written["outcome"], written["reason"], written["step"]) == (
        "send",
        "no rule speaks against it",
        "renewal_14",
    )
    assert (written["status"], written["ended_because"]) == ("cancelled", "renewed, or no longer active")
    assert (spared["outcome"], spared["status"], first in spared["reason"]) == ("account_limit", None, True)
    assert "no campaign has considered" in str(run("campaign", "why", "nobody").exception)
