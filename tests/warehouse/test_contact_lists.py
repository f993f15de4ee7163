"""Contact lists in the marts: who of them the CRM knows, what they agreed to, and that every opt-out wins."""

import pytest

from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.checks import run_checks

MEMBERS = "select {} from marts.contact_list_members where list_id = 'expo' order by line_number"


@pytest.fixture
def house(warehouse, now):
    """A CRM with Ann, who agreed to seasonal messages only; returns how to list people, suppress, build and ask."""

    class House:
        def contact(self, key="ann", *, unsubscribed=False, **values):
            given = {"id": key, "company": "c1", "email": f"{key}@hotel.example", "mobile": "", "is_active": True}
            stamp = {"_is_deleted": False, "_loaded_at": now}
            add(warehouse, "crm__contacts", {**given, "receives_seasonal_emails": True, **stamp, **values})
            known = {"contact_id": key, "unsubscribed": unsubscribed, "receives_notifications": True}
            add(warehouse, "crm__contact_preferences", {**known, "_loaded_at": now})

        def list(self, *people, list_id="expo", version=1, purposes='["seasonal", "renewal"]', rejects=()):
            stamp = {"list_id": list_id, "version": version, "_loaded_at": now}
            counts = {"row_count": len(people) + len(rejects), "accepted_count": len(people), "duplicate_count": 0}
            evidence = "a form at our booth" if purposes != "[]" else None
            consent = {"consent_purposes": purposes, "consent_evidence": evidence, "mapping": "{}"}
            add(warehouse, "files__lists", {**stamp, **counts, "rejected_count": len(rejects), **consent})
            for line, person in enumerate(people, start=2):
                row = {"line_number": line, "person_id": f"person-{person}", "has_consent": purposes != "[]"}
                add(warehouse, "files__contacts", {**stamp, **row, **person})
            for line in rejects:
                row = {"line_number": line, "reject_type": "record", "reason": "no address", "cells": "[]"}
                add(warehouse, "files__rejects", {**stamp, **row})

        def suppress(self, **values):
            given = {"suppression_id": str(values), "channel": "all", "purpose": "all", "reason": "opt_out"}
            add(warehouse, "journal__suppressions", {**given, "source": "form", "created_at": now, **values})

        def ask(self, columns, query=MEMBERS):
            build(warehouse, now=now)
            for model in read_models():
                assert [check.name for check in run_checks(warehouse, model) if not check.is_ok] == []
            return warehouse.execute(query.format(columns)).fetchall()

    add(warehouse, "crm__companies", {"id": "c1", "name": "Siam Stay", "country": "Thailand", "_is_deleted": False})
    return House()


def test_people_are_matched_by_email_then_mobile_then_line_and_others_keep_an_id_of_their_own(house):
    house.contact("ann")
    house.contact("bob", email="", mobile="081 234 5678")
    house.list(
        {"email": "ann@hotel.example", "mobile": "+66812345678"}, {"mobile": "+66812345678"}, {"email": "x@y.example"}
    )

    assert house.ask("contact_id, is_crm_contact, matched_by, company_id") == [
        ("ann", True, "email", "c1"),
        ("bob", True, "mobile", "c1"),
        ("person-{'email': 'x@y.example'}", False, None, None),
    ]


def test_a_list_never_adds_a_consent_that_the_crm_does_not_have(house):
    house.contact("ann")
    house.list({"email": "ann@hotel.example"}, {"email": "x@y.example"})

    assert house.ask("agreed_purposes, consents") == [
        (["seasonal", "renewal"], ["seasonal"]),
        (["seasonal", "renewal"], []),
    ]


def test_without_evidence_nobody_on_a_list_has_consented(house):
    house.contact("ann")
    house.list({"email": "ann@hotel.example"}, purposes="[]")

    assert house.ask("agreed_purposes, consents") == [([], [])]


@pytest.mark.parametrize(
    "opt_out",
    [
        {"address": "ann@hotel.example", "channel": "email"},
        {"address": "+66812345678"},
        {"contact_id": "ann"},
        {"address": "ann@hotel.example", "purpose": "seasonal"},
    ],
)
def test_an_opt_out_of_any_address_wins_over_the_list(house, opt_out):
    house.contact("ann")
    house.list({"email": "ann@hotel.example", "mobile": "+66812345678"})
    house.suppress(**opt_out)

    assert house.ask("consents") == [([],)]


def test_an_opt_out_of_another_contact_with_the_same_address_wins(house):
    house.contact("ann")
    house.contact("twin", email="ann@hotel.example", unsubscribed=True)
    house.list({"email": "ann@hotel.example"})

    assert house.ask("contact_id, is_opted_out, consents") == [("ann", True, [])]


def test_two_rows_about_one_contact_are_one_member_and_the_second_is_a_reject(house):
    house.contact("ann", mobile="081 234 5678")
    house.list({"email": "ann@hotel.example"}, {"mobile": "+66812345678"})

    assert house.ask("contact_id, line_number") == [("ann", 2)]
    rejects = "select {} from marts.rejects where entity = 'contact_lists'"
    assert house.ask("entity_id, reject_type, reason", rejects) == [
        ("expo version 1 line 3", "duplicate", "line 2 is the same contact of the CRM")
    ]


def test_only_the_newest_version_has_members_and_rejects_and_all_versions_are_listed(house):
    house.contact("ann")
    house.list({"email": "ann@hotel.example"}, {"email": "x@y.example"}, rejects=[9])
    house.list({"email": "x@y.example", "mobile": None, "mobile_as_typed": "N/A"}, version=2)
    house.list({"email": "ann@hotel.example"}, list_id="partner")

    assert house.ask("version, email") == [(2, "x@y.example")]
    lists = "select {} from marts.contact_lists order by list_id, version"
    assert house.ask("list_id, version, is_current, matched_count", lists) == [
        ("expo", 1, False, None),
        ("expo", 2, True, 0),
        ("partner", 1, True, 1),
    ]
    rejects = "select {} from marts.rejects where entity = 'contact_lists'"
    assert house.ask("entity_id, field, original_value, reject_type", rejects) == [
        ("expo version 2 line 2", "mobile", "N/A", "phone")
    ]


def test_an_import_that_never_came_to_its_end_is_invisible(house, warehouse, now):
    house.list({"email": "x@y.example"})
    half = {"list_id": "expo", "version": 2, "line_number": 2, "person_id": "p", "email": "half@y.example"}
    add(warehouse, "files__contacts", {**half, "_loaded_at": now})

    assert house.ask("version, email") == [(1, "x@y.example")]


def test_a_person_on_two_lists_is_counted_there(house):
    house.contact("ann")
    house.list({"email": "ann@hotel.example"})
    house.list({"email": "ann@hotel.example"}, list_id="partner")

    assert house.ask("other_list_count") == [(1,)]
