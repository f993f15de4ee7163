"""Before sending everything is seen, and the run then decides just that; a run decided again decides the same."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import definitions, forecast, lifecycle, preview, trial
from campaigns.looking import over_copy
from campaigns.replay import replay
from core.errors import PermanentError
from core.store import suppressions
from core.store.tables import audit, messages
from core.vocabulary import Channel
from tests.campaigns.conftest import Town
from tests.campaigns.made import WORDS, checked, scheduled
from tests.senders.working import GOOD, work
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.publish import publish

PRICES = 'whatsapp = {currency = "USD", utility = {SG = 0.02}}\nemail = {currency = "USD", message = 0.0001}'

BY_WHATSAPP = {"preferred_contact_method": "Mobile"}
VARIANTS = [
    {"variant": "a", "share": 0.5},
    {"variant": "b", "share": 0.5, "templates": {"renewal": "song_week_shorter"}},
]
MESSAGES = {"song_week_hello": WORDS, "song_week_shorter": {**WORDS, "required": ["contact_name"]}}
CHANGES = {"variants": VARIANTS, "messages": MESSAGES, "holdout_share": 0.3}


def _customers(town: Town) -> dict[str, str]:
    """Forty customers of every kind; returns those that tests speak of by name."""
    named = {}
    for number in range(40):
        company = town.company()
        who: dict[str, Any] = {"mobile": f"08123456{number:02}", **BY_WHATSAPP} if number % 3 == 0 else {}
        if number % 10 == 1:
            who["unsubscribed"] = True
        if number == 2:
            who["name"] = " "
        if number == 4:
            who |= {"email": "", "mobile": ""}
        contact = town.contact(company, **who)
        town.contract(company, ends_in=6 + number % 20)
        if number == 5:
            town.row("tickets", company=company, ticket_number="T-1", status="new", priority="urgent")
        named[f"contact {number}"], named[f"company {number}"] = contact, company
    return named


def _run(town: Town, campaign_id: str = "song_week") -> lifecycle.RunReport:
    playbook = definitions.find(town.store, campaign_id)
    return lifecycle.run_campaign(town.connection, town.store, playbook, now=town.now)


def _decisions(connection: Any, table: str) -> list[Any]:
    arm = "case when outcome = 'holdout' then 'holdout' else variant end"
    query = f"select contact_id, subject_id, step, outcome, channel, {arm} from {table} order by all"
    return connection.execute(query).fetchall()


def test_what_is_seen_before_is_what_is_done_and_done_again(town, tmp_path, monkeypatch):
    named = _customers(town)
    with town.store.begin() as store:
        who = {"channel": "all", "address": None, "contact_id": named["contact 7"]}
        suppressions.add(store, **who, reason="unsubscribed", source="one_click", now=town.now)
    # the copy asks the store, the run what the journal loaded from it
    add(
        town.connection,
        "journal__suppressions",
        {**who, "purpose": "all", "reason": "unsubscribed", "source": "x", "created_at": town.now},
    )
    town.settle()
    scheduled(town, **CHANGES)
    town.now += timedelta(hours=1)
    playbook = definitions.find(town.store, "song_week")
    build(town.connection, now=town.now - timedelta(hours=1))  # every mart, as when it was settled
    version = publish(town.connection, tmp_path, town.now)

    with over_copy(version, "", town.store) as copy:
        look = preview.look(copy, town.store, playbook, town.now)
        seen, fall, whole = _decisions(copy, "verdicts"), preview.waterfall(look), preview.completeness(look)
        shown = preview.as_contact(look, named["contact 3"])
        refused = preview.as_contact(look, named["contact 1"])
        (tmp_path / "prices.toml").write_text(PRICES)
        _the_numbers_fit(look, fall, tmp_path / "prices.toml")
    assert town.planned() == []
    report = _run(town)

    # the waterfall
    assert report.planned == fall.will_send == sum(fall.by_channel.values()) > 10
    assert report.outcomes == {each.outcome: each.contacts for each in fall.falls}
    assert fall.falls[-1].left == 0 and fall.audience == report.audience
    assert {"no_consent", "suppressed", "crm_hold", "holdout", "send"} <= report.outcomes.keys()
    assert _decisions(town.connection, "raw.campaigns__decisions") == seen
    # each arm has its own words, and companies stay in their arms
    templates = {(message.variant, message.template_id) for message in town.planned()}
    assert templates == {("a", "song_week_hello"), ("b", "song_week_shorter")}
    # blanks, and what people would read
    assert [(blank.contact_id, "contact_name" in blank.problem) for blank in whole.blanks] in (
        [(named["contact 2"], True)],
        [],  # held out
    )
    assert {(each.channel, each.language) for each in shown} == {
        (channel, language) for channel in ("whatsapp", "email") for language in ("en", "th")
    }
    assert all("Lotus Bay 4" in each.text and not each.problem for each in shown)
    assert [each.language for each in shown if each.is_theirs] == ["en"]
    assert {each.outcome for each in refused} == {"no_consent"}
    _it_is_replayed(town, report, named, monkeypatch)


def _the_numbers_fit(look: preview.Look, fall: preview.Waterfall, prices_file: Path) -> None:
    costs = {each.channel: each for each in forecast.cost(look, prices_file)}
    assert {channel: each.messages for channel, each in costs.items()} == fall.by_channel
    whatsapp, email = costs["whatsapp"], costs["email"]
    assert (whatsapp.country, whatsapp.category) == ("TH", "utility")
    assert (whatsapp.amount, whatsapp.note) == (None, "no price for whatsapp TH utility: add it to prices.toml")
    assert (email.amount, email.currency) == (pytest.approx(email.messages * 0.0001), "USD")
    took = {each.channel: each.seconds for each in forecast.duration(look)}
    assert took["email"] == round(fall.by_channel["email"] / 50, 1)
    assert forecast.quota(look).is_enough
    assert {each.measure for each in forecast.expected(look)} == {
        "delivered",
        "opened",
        "clicked",
        "replied",
        "unsubscribed",
    }
    assert all((each.rate, each.low, each.high) == (None, 0.0, 1.0) for each in forecast.expected(look))
    holdout, between = forecast.detectable(look)
    assert holdout.companies_first == fall.will_send == between.companies_first + between.companies_second
    assert holdout.effect > 0 and "worst case" in holdout.baseline_of
    overlap = {each.campaign_id: each.contacts for each in forecast.overlap(look)}
    assert overlap["renewal"] == fall.will_send  # the playbook means the same people


def _it_is_replayed(town: Town, report: lifecycle.RunReport, named: dict[str, str], monkeypatch: Any) -> None:
    """Whatever happens afterwards, the run decided again decides the same; a forged decision is found."""
    town.now += timedelta(days=1)
    change = {"entity": "contacts", "entity_id": named["contact 3"], "field": "is_active", "valid_from": town.now}
    add(town.connection, "crm__history", {**change, "old_value": "true", "new_value": "false"})
    town.change("contacts", named["contact 3"], is_active=False)
    for contact in (named["contact 6"], named["contact 8"]):
        late = {"suppression_id": contact, "channel": "all", "contact_id": contact, "purpose": "all"}
        kept = {"reason": "unsubscribed", "source": "one_click", "created_at": town.now}
        add(town.connection, "journal__suppressions", {**late, **kept})
    town.settle()
    second = _run(town)
    monkeypatch.setattr("campaigns.policy.AUDIENCE", "select broken")  # the run's own policy decides, not today's

    first = replay(town.connection, town.store, report.run_id)
    assert (first.is_same, first.decisions, first.differences) == (True, report.audience, [])
    assert replay(town.connection, town.store, second.run_id).is_same
    town.connection.execute(
        "update raw.campaigns__decisions set outcome = 'capped' where run_id = ? and contact_id = ?",
        [report.run_id, named["contact 1"]],
    )
    (difference,) = replay(town.connection, town.store, report.run_id).differences
    assert (difference.contact_id, difference.was, difference.now) == (named["contact 1"], "capped", "no_consent")


def test_a_test_send_goes_to_allowed_staff_alone_is_marked_and_counts_for_nothing(town):
    contact = town.contact(company := town.company())
    town.contract(company, ends_in=10)
    town.settle()
    scheduled(town, channels=["whatsapp"])
    playbook = definitions.find(town.store, "song_week")
    look = preview.look(town.connection, town.store, playbook, town.now)
    staff = trial.Staff(channel=Channel.WHATSAPP, address="+66899999999", allowed=frozenset({"+66899999999"}))
    with pytest.raises(PermanentError, match="BMA_TEST_ADDRESSES does not name"):
        trial.send(
            look,
            contact,
            trial.Staff(channel=Channel.WHATSAPP, address="+66800000000", allowed=staff.allowed),
            by="nok",
        )
    keys = [trial.send(look, contact, staff, by="nok") for _ in range(2)]
    town.cancel()
    _, peer = work(town.store, GOOD, clock=lambda: town.now)

    assert len(set(keys)) == len(peer.taken) == 2
    assert all(b"66899999999" in taken for taken in peer.taken)
    sent = town.planned()
    assert {(row.variant, row.campaign_id, row.company_id) for row in sent} == {("test", "test_send", None)}
    for row in sent:
        add(town.connection, "journal__messages", {**row._asdict(), "variables": "{}"})
    town.settle()
    build(town.connection, now=town.now, select={"marts.daily_run_metrics"})
    counted = town.connection.execute("select coalesce(sum(sent), 0) from marts.daily_run_metrics").fetchone()
    assert counted == (0,)
    assert town.connection.execute("select count(*) from marts.messages where variant = 'test'").fetchone() == (2,)
    with town.store.connect() as store:
        told = list(store.execute(sa.select(audit.c.actor, audit.c.detail).where(audit.c.action == "test_send")))
        assert store.execute(sa.select(sa.func.count()).where(messages.c.contact_id == contact)).scalar_one() == 0
    assert [(actor, "+668" in str(detail)) for actor, detail in told] == [("nok", False)] * 2


def test_a_check_names_what_would_go_wrong(town):
    town.contact(company := town.company())
    town.contact(other := town.company())
    for each in (company, other):
        town.contract(each, ends_in=10)
    town.settle()
    blank = {**WORDS, "required": ["song_title"]}

    assert "song_title" in checked(town, messages={"song_week_hello": blank}).problems[0]
    misfit = checked(town, stop_when=["paid"])
    assert misfit.problems == ["stop_when: paid: the segment renewal_due is not about an invoice"]
    assert "no segment 'rainy'" in checked(town, segment="rainy").problems[0]
    assert checked(town).status == "checked"
