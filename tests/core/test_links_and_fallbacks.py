"""LINE codes, what did not arrive, and the provider's list of templates: the same on SQLite and on PostgreSQL."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.store import addresses, campaigns, consents, fallbacks, ledger, line_links, provider_templates
from core.store.line_links import Result
from gateway.writing_child import _BY_KEY
from tests.core.test_ledger import claim, plan, row, status

SECRET = "linksecret"
USER = "U" + "1" * 32


def test_a_code_links_once_and_leaves_its_proof(store: sa.Engine, now: datetime) -> None:
    with store.begin() as connection:
        said = {"shown": {"en": "Send this code"}, "source": "staff", "issued_by": "nok"}
        code = line_links.issue(connection, "malee", secret=SECRET, now=now, **said)
        kept = line_links.digest(SECRET, code.text)
        results = [
            line_links.redeem(connection, kept, user, event_id=f"e{number}", at=now, now=now)
            for number, user in enumerate((USER, USER, "U2"))
        ]
        proof = consents.history(connection, "malee")
        taken_back = line_links.unlink(connection, "malee", by="nok", now=now)

    assert results == [Result.LINKED, Result.LINKED, Result.USED]
    assert [(each["channel"], each["proof"]["shown"]) for each in proof] == [("line", {"en": "Send this code"})]
    assert taken_back == [USER]
    with store.connect() as connection:
        assert [each["state"] for each in addresses.known(connection, "malee")] == ["revoked"]


def test_what_was_refused_for_good_is_owed_until_something_stands_in_for_it(store: sa.Engine, now: datetime) -> None:
    with store.begin() as connection:
        campaigns.save_campaign(connection, {"campaign_id": "renewal", "name": "R", "purpose": "renewal"}, now)
        versions = {"segment_version": "s@1", "policy_version": "p", "snapshot_id": "n"}
        run = campaigns.begin_run(connection, campaign_id="renewal", occurrence="today", now=now, **versions)
    plan(store, now, row(1, campaign_id="renewal", run_id=run.run_id))
    claim(store, now)
    with store.begin() as connection:
        refused = {"error_class": "permanent_recipient", "error_code": "1", "reason": "no such person"}
        ledger.fail(connection, "m1", at=now, **refused)
        (owed,) = fallbacks.owed(connection, "renewal", timedelta(hours=4), now)
    assert (owed.message_id, owed.occurrence, owed.is_lost) == ("m1", "today", True)

    plan(store, now, row(2, campaign_id="renewal", run_id=run.run_id, fallback_of="m1"))
    with store.begin() as connection:
        assert fallbacks.owed(connection, "renewal", timedelta(hours=4), now) == []
        assert fallbacks.still_owed(connection, ["m1"]) == {"m1"}
        assert fallbacks.withdraw(connection, ["m1"], now) == 1
    assert status(store, "m2") == "cancelled"


def test_what_stands_in_is_asked_for_by_its_key_however_much_is_planned(store: sa.Engine, now: datetime) -> None:
    plan(store, now, *(row(number) for number in range(1, 200)))
    is_sqlite = store.dialect.name == "sqlite"
    explain = "explain query plan " if is_sqlite else "explain "
    given = ("m1", 0) if is_sqlite else ('[["m1", 0]]',)
    with store.begin() as connection:
        if not is_sqlite:
            for name, value in _BY_KEY.items():
                connection.exec_driver_sql(f"set local {name} = {value}")
        statement = fallbacks._WITHDRAW._statements[store.dialect.name]
        steps = str(connection.exec_driver_sql(explain + statement, given).all())

    assert "ix_messages_fallback_of" in steps
    assert "ix_messages_planned" not in steps


def test_the_providers_list_is_read_on_either_store(store: sa.Engine, now: datetime) -> None:
    with store.begin() as connection:
        assert provider_templates.heed(connection, "whatsapp", [], now) == []
