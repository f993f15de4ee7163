"""Segments: a wrong definition says so, members are recorded with reason and version, a change can be reviewed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from campaigns import segments
from campaigns.compare import diff, overlap
from campaigns.rules.catalogue import read_catalogue
from campaigns.rules.compile import compile_definition
from campaigns.rules.parse import parse
from campaigns.segments import Library, Segment, find_members, from_text, open_library, read_segments, values_in
from campaigns.versions import resolve
from core.errors import PermanentError
from core.store.tables import audit
from tests.warehouse.conftest import add

HEAD = {"segment_id": "it", "name": "It", "name_th": "มัน", "version": 1}


def _segment(where: dict[str, Any], **facts: Any) -> Segment:
    content = {**HEAD, **facts, "where": where}
    return from_text(yaml.safe_dump(content, allow_unicode=True), content["segment_id"])


def _mistakes(where: Any, **facts: Any) -> str:
    with pytest.raises(PermanentError) as caught:
        parse(yaml.safe_dump({**HEAD, **facts, "where": where}), "it.yaml")
    return str(caught.value)


# fmt: off
MISTAKES = [
    ({"all": [{"field": "company.contry", "is": "Japan"}]},
     "where.all[1]: there is no field 'company.contry': did you mean 'company.country'?"),
    ({"any": [{"field": "language", "is": "en"}]},
     "where.any[1]: there is no field 'language': did you mean 'contact.language'?"),
    ({"field": "company.zone_count", "atleast": 3},
     "where: zone_count cannot be asked 'atleast': did you mean 'at_least'?"),
    ({"field": "company.zone_count", "at_least": "many"}, "where.at_least: a number is needed, not 'many'"),
    ({"field": "company.zone_count", "at_least": 1, "below": 3}, "where: one comparison is needed"),
    ({"field": "contact.language", "is": "thai"}, "where.is: language is never 'thai': did you mean 'th'?"),
    ({"field": "company.contract_value", "above": 5}, "where: money is compared in one currency"),
    ({"sum": "invoices.total", "above": 5, "currency": "THB"}, "did you mean 'invoices.total_amount'?"),
    ({"did": "openned"}, "where: nobody does 'openned': did you mean 'opened'?"),
    ({"did": "opened", "days": 0}, "where.days: a whole number from 1 to 36500 is needed, not 0"),
    ({"has": "contract"}, "where: there are no 'contract' to ask about: did you mean 'contracts'?"),
    ({"has": "contracts", "where": {"not": {"did": "opened"}}},
     "where.has.where.not: 'did' cannot stand within contracts"),
    ({"has": "contracts", "where": {"field": "statuss", "is": "Active"}},
     "where.has.where: there is no field 'statuss': did you mean 'status'?"),
    ({"windowopen": "line"}, "where: 'windowopen' is no kind of clause: did you mean 'window_open'?"),
    ({"all": []}, "where.all: a list of clauses is needed"),
    ({"not": [{"did": "opened"}]}, "where.not: a clause is needed"),
    ({"field": "company.next_renewal_date", "before": "soon"},
     "where.before: a day like 2026-03-31 is needed, not 'soon'"),
    ({"field": "contact.name", "is": 5}, "where.is: a text is needed, not 5: write it in quotes"),
]
# fmt: on


@pytest.mark.parametrize(("where", "mistake"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_what_was_meant(where, mistake):
    assert f"it.yaml: {mistake}" in _mistakes(where) or mistake in _mistakes(where)


def test_all_mistakes_are_named_at_once():
    told = _mistakes({"all": [{"did": "openned"}, {"has": "contract"}]}, nam="x", subject={"of": "zon", "where": {}})

    assert len(told.splitlines()) == 4
    assert "nam: a segment has no 'nam': did you mean 'name'?" in told
    assert "subject.of: nothing is about 'zon': did you mean 'zone'?" in told


def test_a_word_that_the_data_does_not_have_is_named_when_the_data_is_asked(town):
    town.company(country="Thailand")
    town.settle()
    text = yaml.safe_dump({**HEAD, "where": {"field": "company.country", "in": ["Thailand", "Thailnd"]}})

    assert parse(text, "it.yaml").segment_id == "it"
    with pytest.raises(PermanentError, match=r"where\.in: country is never 'Thailnd': did you mean 'Thailand'\?"):
        parse(text, "it.yaml", values_in(town.connection))


@pytest.mark.parametrize("other", ["it", "back"])
def test_a_segment_that_contains_itself_is_refused(other):
    it, back = _segment({"segment": other}), _segment({"segment": "it"}, segment_id="back")

    with pytest.raises(PermanentError, match="cannot contain itself"):
        compile_definition(it.rules, Library((it, back)).find)


def test_an_unknown_segment_in_a_rule_is_named_with_its_place():
    it = _segment({"all": [{"segment": "renewal_du"}]})

    with pytest.raises(
        PermanentError, match=r"where\.all\[1\]: there is no segment 'renewal_du': did you mean 'renewal_due'"
    ):
        compile_definition(it.rules, Library((*read_segments(), it)).find)


def test_every_field_of_the_catalogue_is_a_column_of_its_mart_and_can_be_asked(town):
    town.settle()
    for collection in read_catalogue().values():
        columns = {row[0] for row in town.connection.execute(f"describe {collection.table}").fetchall()}
        needed = {field.column for field in collection.fields.values()} | {collection.key}
        needed |= {each for each in (collection.time, collection.subject) if each}
        needed |= {"currency" for field in collection.fields.values() if field.type == "money"}
        assert needed <= columns, collection.name


_EVIL = [
    "'; drop table marts.contacts; --",
    "x' or '1'='1",
    "$p1",
    "$step",
    "{home}",
    "%s",
    '"',
    "\\",
    "\x00"[:0] + "ก'",
]


@pytest.mark.parametrize("evil", _EVIL)
def test_a_value_is_only_ever_a_value(town, evil):
    company = town.company(name=evil)
    named, _other = town.contact(company, name=evil), town.contact(company, name="Malee")
    town.settle()
    it = _segment(
        {"all": [{"field": "contact.name", "is": evil}, {"field": "company.name", "contains": evil}]}, step=evil
    )
    find_members(town.connection, it, town.now, Library((it,)))

    assert town.connection.execute("select contact_id, step from members").fetchall() == [(named, evil)]
    plain = _segment({"all": [{"field": "contact.name", "is": "a"}, {"field": "company.name", "contains": "a"}]})
    assert Library((it,)).compiled(it).members == Library((plain,)).compiled(plain).members
    assert town.connection.execute("select count(*) from marts.contacts").fetchone() == (2,)


def test_members_are_recorded_with_the_clauses_that_held_and_the_version(town):
    company = town.company()
    contact = town.contact(company)
    town.settle()
    it = _segment({"any": [{"field": "company.zone_count", "at_least": 1}, {"did": "opened"}]}, version=4)
    library = Library((it,))
    assert segments.compute(town.connection, town.now, library) == {"it": 1}
    entered, town.now = town.now, town.now + timedelta(days=1)
    town.change("zones", "zones-0001", _is_deleted=True)
    town.settle()

    assert segments.compute(town.connection, town.now, library) == {"it": 0}
    town.settle()
    query = "select * exclude (segment_id, company_id, subject_id) from marts.segment_memberships"
    assert town.connection.execute(query).fetchall() == [
        (contact, "contact", entered, town.now, 4, "Music zones at least 1 [1]")
    ]
    assert town.connection.execute("select name_th, member_count from marts.segments").fetchall() == [("มัน", 0)]


def test_a_reason_names_the_clauses_that_let_the_contact_in_and_no_others(town):
    town.contact(town.company())
    town.settle()
    many, some = {"field": "company.zone_count", "at_least": 9}, {"field": "company.zone_count", "at_least": 1}
    quiet = {"not": {"any": [{"did": "opened"}, {"did": "clicked"}]}}
    it = _segment({"any": [{"all": [many, {"not": {"did": "replied"}}]}, {"all": [some, quiet]}]})
    find_members(town.connection, it, town.now, Library((it,)))

    assert town.connection.execute("select reason from members").fetchall() == [
        ("Music zones at least 1 [1]; not: opened at least 1 [0]; not: clicked at least 1 [0]",)
    ]


def test_a_mart_that_was_not_built_is_named_and_stops_no_other_segment(town):
    town.contact(town.company())
    town.settle()
    town.connection.execute("drop table marts.churn_scores")
    risky = _segment({"field": "churn.score", "at_least": 0.7}, segment_id="a_risky")
    library = Library((risky, _segment({"field": "company.zone_count", "at_least": 1})))

    with pytest.raises(PermanentError, match=r"segment a_risky asks about marts\.churn_scores"):
        segments.compute(town.connection, town.now, library)
    assert town.connection.execute("select segment_id from raw.campaigns__segments").fetchall() == [("it",)]


def test_a_definition_in_the_store_has_versions_an_audit_and_members(store, now):
    content = {key: value for key, value in HEAD.items() if key != "version"}
    content |= {"where": {"field": "company.zone_count", "at_least": 2}}
    changed = {**content, "where": {"did": "clicked"}}
    versions = [segments.save(store, each, actor="malee", now=now) for each in (content, content, changed)]

    assert versions == [1, 1, 2]
    assert open_library(store).get("it").version == 2
    with store.connect() as connection:
        lines = connection.execute(sa.select(audit.c.actor, audit.c.target, audit.c.detail)).fetchall()
    assert [(line.actor, line.target, line.detail["version"]) for line in lines] == [
        ("malee", "it", 1),
        ("malee", "it", 2),
    ]
    assert resolve("it@1", open_library(store), store, None).rules.where.value == 2
    with pytest.raises(PermanentError, match="is a file of campaigns/segments"):
        segments.save(store, {**content, "segment_id": "win_back"}, actor="malee", now=now)
    with pytest.raises(PermanentError, match="there is no field"):
        segments.save(store, {**content, "where": {"field": "x.y", "is": 1}}, actor="malee", now=now)


def test_a_diff_counts_who_enters_who_leaves_and_who_was_just_written_to(town):
    sizes = (1, 2, 3, 4)
    contacts = {}
    for zones in sizes:
        company = town.company()
        contacts[zones] = town.contact(company)
        for _ in range(zones - 1):
            town.zone(company)
    sent = {
        "message_id": "m1",
        "campaign_id": "renewal",
        "run_id": "r",
        "step": "s",
        "channel": "email",
        "status": "sent",
    }
    add(
        town.connection,
        "journal__messages",
        {**sent, "contact_id": contacts[4], "planned_at": town.now - timedelta(days=3)},
    )
    town.settle()
    old = _segment({"field": "company.zone_count", "at_most": 2})
    new = _segment({"field": "company.zone_count", "at_least": 2}, version=2)
    told = diff(town.connection, old, new, Library(()), town.now)

    assert [told[name] for name in ("before", "after", "entered", "left", "stayed")] == [2, 3, 2, 1, 1]
    assert told["summary"] == "+2 −1, 1 overlap with Friday's renewal"
    assert diff(town.connection, new, new, Library(()), town.now)["summary"] == "+0 −0"
    shared = overlap(
        town.connection,
        [old, _segment({"field": "company.zone_count", "at_least": 2}, segment_id="b")],
        Library(()),
        town.now,
    )
    assert shared == {
        "sizes": {"it": 2, "b": 3},
        "pairs": [{"a": "it", "b": "b", "both": 1, "only_a": 1, "only_b": 2, "share": 0.25}],
        "in_all": 1,
    }


def test_an_earlier_version_of_a_file_is_known_once_it_was_computed(town):
    town.settle()
    old = _segment({"field": "company.zone_count", "at_least": 7})
    segments.record(town.connection, old, town.now, Library((old,)))
    new = _segment({"field": "company.zone_count", "at_least": 8}, version=2)

    assert resolve("it@1", Library((new,)), town.store, town.connection) == old
    assert resolve("it@2", Library((new,)), town.store, town.connection) == new
    with pytest.raises(PermanentError, match="there is no it@3"):
        resolve("it@3", Library((new,)), town.store, town.connection)


def test_a_campaign_can_be_about_a_segment_of_the_store(town):
    company = town.company()
    town.contact(company)
    town.contract(company, ends_in=10)
    content = {key: value for key, value in HEAD.items() if key != "version"}
    about = {"of": "contract", "where": {"field": "end_date", "in_next_days": 20}}
    content |= {"subject": about, "step": "renewal_14", "where": {"field": "company.zone_count", "at_least": 1}}
    segments.save(town.store, content, actor="malee", now=town.now)

    assert town.run("renewal", segment="it").outcomes == {"send": 1}
    assert [(message.step, message.subject_id) for message in town.planned()] == [("renewal_14", "contracts-0002")]


def test_two_steps_about_one_subject_are_one_membership_with_both_reasons(town):
    town.now = datetime(2026, 11, 11, 3, 0, tzinfo=UTC)  # Christmas is near, and Loy Krathong
    town.contact(town.company(seasonal_emails_enabled=True))
    town.settle()
    for _ in range(2):
        segments.compute(town.connection, town.now, Library(read_segments()))
    query = "select reason from raw.campaigns__segment_memberships where segment_id = 'seasonal'"
    ((reason,),) = town.connection.execute(query).fetchall()

    assert [each.split(" is on ")[0] for each in reason.split("; ")] == ["christmas", "loy_krathong"]
