"""Values of the CRM that cannot be used stand in one table, each with its reason."""

import pytest

from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.checks import run_checks


@pytest.fixture
def rejects(warehouse, now):
    """Give rows to the CRM's tables, build, and say which of their values are rejected; every promise holds."""

    def call(*rows):
        for table, row in rows:
            add(warehouse, f"crm__{table}", {"_is_deleted": False, "_loaded_at": now, **row})
        build(warehouse, now=now)
        for model in read_models():
            assert [check.name for check in run_checks(warehouse, model) if not check.is_ok] == []
        query = "select entity_id, field, original_value, reject_type, reason from marts.rejects order by all"
        return warehouse.execute(query).fetchall()

    return call


def company(key, country="Thailand"):
    return "companies", {"id": key, "name": key, "country": country}


def contact(key, **values):
    return "contacts", {"id": key, "company": "c1", "is_active": True, "email": "", "mobile": "", "phone": "", **values}


def test_addresses_that_are_none_keep_what_was_typed(rejects):
    found = rejects(company("c1"), contact("p1", email="Ann at example", mobile="N/A", phone="ask reception"))

    assert [row[:4] for row in found] == [
        ("p1", "email", "Ann at example", "email"),
        ("p1", "mobile", "N/A", "phone"),
        ("p1", "phone", "ask reception", "phone"),
    ]


def test_what_is_empty_or_usable_or_gone_is_no_reject(rejects):
    good = contact("p1", email="Ann@Example.com", mobile="081 234 5678", phone="02 123 4567 ext. 9")
    left = contact("p2", email="ann at example", is_active=False)

    assert rejects(company("c1"), company("c2", country=""), good, left, contact("p3", mobile=" ")) == []


def test_one_address_written_in_two_ways_is_a_duplicate_of_the_first_contact(rejects):
    first = contact("p1", email="ann@example.com", mobile="+66812345678")
    found = rejects(company("c1"), first, contact("p2", email=" Ann@Example.COM", mobile="081-234-5678"))

    assert found == [
        ("p2", "email", " Ann@Example.COM", "duplicate", "the address also belongs to contact p1"),
        ("p2", "mobile", "081-234-5678", "duplicate", "the number also belongs to contact p1"),
    ]


def test_a_country_or_currency_nobody_mapped_is_named_and_breaks_no_promise(rejects):
    money = {"company": "c1", "status": "Sent", "currency": "EUR"}
    found = rejects(
        company("c1", country="Siam"), ("contracts", {"id": "k1", **money}), ("invoices", {"id": "i1", **money})
    )

    assert [row[:4] for row in found] == [
        ("c1", "country", "Siam", "country"),
        ("i1", "currency", "EUR", "currency"),
        ("k1", "currency", "EUR", "currency"),
    ]


@pytest.mark.parametrize("typed", ["ประเทศไทย", "THAILAND ", "th", "Viet  Nam", "u.a.e."])
def test_a_country_in_another_spelling_is_the_same_country(warehouse, rejects, typed):
    assert rejects(company("c1", country=typed)) == []

    name, kept = warehouse.execute("select country, country_as_typed from marts.companies").fetchone()
    assert name in {"Thailand", "Vietnam", "United Arab Emirates"}
    assert kept == typed


def test_a_paper_in_another_currency_than_its_companys_is_named(rejects):
    thai = (
        "companies",
        {"id": "c1", "name": "c1", "country": "Thailand", "billing_entity": "BMAsia (Thailand) Co., Ltd."},
    )
    papers = [("quotes", {"id": key, "company": "c1", "status": "Sent", "currency": key}) for key in ("THB", "USD")]

    assert rejects(thai, *papers) == [("USD", "currency", "USD", "currency", "the company is billed in THB")]


def test_people_who_share_an_address_are_told_with_whether_it_is_one_company(warehouse, rejects):
    same = {"email": "ann@example.com"}
    rejects(
        company("c1"), company("c2"), contact("p1", **same), contact("p2", **same), contact("p3", **same, company="c2")
    )

    query = "select contact_id, channel, first_contact_id, is_same_company from marts.contact_duplicates order by all"
    assert warehouse.execute(query).fetchall() == [("p2", "email", "p1", True), ("p3", "email", "p1", False)]


def test_what_the_loader_refused_is_listed_as_record_or_new_field(warehouse, rejects, now):
    refused = {"entity": "tickets", "reason": "field 'subject' is missing", "_loaded_at": now}
    add(warehouse, "crm__rejects", {**refused, "entity_id": "t1", "record": '{"subject": null}'})
    add(warehouse, "crm__rejects", {**refused, "entity_id": "field:mood", "record": "{}"})

    assert [row[:4] for row in rejects()] == [("t1", None, None, "record"), (None, "mood", None, "new_field")]
