"""A corporate group is a company without a parent and everything below it, added up per billing currency."""

from decimal import Decimal

import pytest

from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.checks import run_checks

_THAI = "BMAsia (Thailand) Co., Ltd."


@pytest.fixture
def groups(warehouse, now):
    """Give companies as (id, parent, billing entity), build, and return what the groups come to."""

    def call(*companies, value="100.00"):
        for key, parent, entity in companies:
            ours = {"_is_deleted": False, "_loaded_at": now}
            row = {"id": key, "name": f"Hotel {key}", "parent_company": parent, "billing_entity": entity}
            add(warehouse, "crm__companies", {**row, **ours})
            money = {"status": "Active", "value": value, "currency": "THB" if entity == _THAI else "USD"}
            add(warehouse, "crm__contracts", {"id": f"k{key}", "company": key, **money, **ours})
        build(warehouse, now=now)
        (model,) = (model for model in read_models() if str(model.address) == "marts.corporate_groups")
        assert [check.name for check in run_checks(warehouse, model) if not check.is_ok] == []
        query = """
            select group_company_id, currency, company_count, contract_value
            from marts.corporate_groups order by all
        """
        return warehouse.execute(query).fetchall()

    return call


def test_a_group_reaches_down_to_the_last_level(groups):
    found = groups(("a", None, "BMAsia Limited"), ("b", "a", "BMAsia Limited"), ("c", "b", "BMAsia Limited"))

    assert found == [("a", "USD", 3, Decimal("300.00"))]


def test_amounts_of_different_currencies_are_never_added(groups):
    found = groups(("a", None, "BMAsia Limited"), ("b", "a", _THAI), ("c", "a", _THAI))

    assert found == [("a", "THB", 2, Decimal("200.00")), ("a", "USD", 1, Decimal("100.00"))]


def test_who_stands_alone_or_in_a_circle_is_no_group(groups):
    assert groups(("a", None, _THAI), ("b", "c", _THAI), ("c", "b", _THAI), ("d", "gone", _THAI)) == []
