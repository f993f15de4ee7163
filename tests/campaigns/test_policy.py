"""The policy: whatever the customers look like, everybody considered has one outcome, the first that holds."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from campaigns import policy
from core.errors import PermanentError
from core.store.engine import open_store
from tests.campaigns.conftest import Town
from tests.warehouse.conftest import add

contacts = some.fixed_dictionaries(
    {
        "email": some.sampled_from(["a@hotel.example", "b@hotel.example", "c@hotel.example", "no address", ""]),
        "mobile": some.sampled_from(["0812345678", "+66 81 234 5678", "N/A", ""]),
        "unsubscribed": some.booleans(),
        "receives_renewal_emails": some.booleans(),
        "contact_type": some.sampled_from(["Primary", "Billing", "Other", None]),
        "is_primary": some.booleans(),
        "preferred_contact_method": some.sampled_from(["Email", "Mobile", ""]),
        "is_active": some.sampled_from([True, True, True, False]),
    }
)
companies = some.fixed_dictionaries(
    {
        "country": some.sampled_from(["Thailand", "UAE", "Maldives", "Nowhere"]),
        "contacts": some.lists(contacts, max_size=3),
        "ends_in": some.lists(some.integers(-3, 40), max_size=2),
        "urgent": some.booleans(),
        "suppressed": some.sampled_from([None, "address", "contact"]),
    }
)


def _populate(town: Town, drawn: list[dict]) -> None:
    for one in drawn:
        company = town.company(country=one["country"])
        people = [town.contact(company, **person) for person in one["contacts"]]
        for ends_in in one["ends_in"]:
            town.contract(company, ends_in=ends_in)
        if one["urgent"]:
            town.row("tickets", company=company, ticket_number="T", status="new", priority="urgent")
        if one["suppressed"] and people:
            who = {"address": "a@hotel.example"} if one["suppressed"] == "address" else {"contact_id": people[0]}
            common = {"channel": "all", "purpose": "all", "reason": "unsubscribed", "source": "one_click"}
            add(town.connection, "journal__suppressions", {"suppression_id": company, **common, **who})


def _empty(town: Town) -> None:
    tables = town.connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    for (table,) in tables:
        town.connection.execute(f'delete from raw."{table}"')
    town.counted.clear()


@given(
    drawn=some.lists(companies, min_size=1, max_size=6), hour=some.integers(0, 23), share=some.sampled_from([0.0, 0.5])
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_outcomes_partition_the_audience_and_the_same_input_gives_the_same_output(town, drawn, hour, share):
    _empty(town)
    _populate(town, drawn)
    town.store = open_store("sqlite:///:memory:")
    town.now = town.now.replace(hour=hour)
    first = town.run("renewal", holdout_share=share)
    considered = Counter(town.connection.execute("select contact_id, subject_id, step from considered").fetchall())
    verdicts = town.connection.execute("select contact_id, subject_id, step, outcome from verdicts").fetchall()
    town.store = open_store("sqlite:///:memory:")
    again = town.run("renewal", holdout_share=share, builds=False)

    assert Counter(row[:3] for row in verdicts) == considered
    assert sum(first.outcomes.values()) == first.audience == considered.total()
    assert first.planned == first.outcomes.get("send", 0) == len(town.planned())
    assert again.outcomes == first.outcomes


@given(drawn=some.lists(companies, min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_gets_a_message_whom_an_earlier_rule_protects(town, drawn):
    _empty(town)
    _populate(town, drawn)
    town.store = open_store("sqlite:///:memory:")
    town.run("renewal")
    messages = town.planned()

    allowed = dict(
        town.connection.execute("select contact_id, consents from marts.contacts where is_active").fetchall()
    )
    assert all("renewal" in allowed[message.contact_id] for message in messages)
    assert len({message.company_id for message in messages}) == len(messages)
    assert len({(message.channel, message.address) for message in messages}) == len(messages)
    suppressed = town.connection.execute("select address, contact_id from raw.journal__suppressions").fetchall()
    assert not {(message.address, None) for message in messages} & set(suppressed)
    assert not {(None, message.contact_id) for message in messages} & set(suppressed)


def test_when_everything_speaks_against_a_person_the_first_reason_is_given(town):
    company = town.company()
    town.contact(company, unsubscribed=True, email="", mobile="N/A")
    town.contract(company, ends_in=10)
    town.row("tickets", company=company, ticket_number="T", status="new", priority="urgent")
    town.now += timedelta(days=5)

    assert town.run("renewal").outcomes == {"no_consent": 1}


def test_the_holdout_is_by_company_stable_between_runs_and_near_its_share(town):
    for _ in range(300):
        company = town.company()
        town.contact(company)
        town.contract(company, ends_in=10)
    query = "select distinct company_id from raw.campaigns__decisions where run_id = ? and outcome = 'holdout'"
    held = []
    for _ in range(2):
        run = town.run("renewal", holdout_share=0.1)
        held.append({company for (company,) in town.connection.execute(query, [run.run_id]).fetchall()})
        town.now += timedelta(days=1)

    assert held[0] == held[1]
    assert 15 <= len(held[0]) <= 48  # 30 expected; three and a half standard deviations


def test_a_rule_out_of_order_is_refused(tmp_path, monkeypatch):
    (tmp_path / "01_send.sql").write_text("-- outcome: send\nselect 1")
    (tmp_path / "02_holdout.sql").write_text("-- outcome: holdout\nselect 1")
    monkeypatch.setattr(policy, "_FOLDER", tmp_path)
    policy.read_rules.cache_clear()

    with pytest.raises(PermanentError, match="follow the order"):
        policy.read_rules()
    policy.read_rules.cache_clear()
