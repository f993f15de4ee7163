"""Following the CRM: its signed webhooks at once, a look each minute for the rest; nothing lost, nothing believed."""

import json
import threading
import time
from datetime import timedelta

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.follow import Follower
from assets.steps import Steps
from bench.working import wait_until
from cli import world
from cli.dagster_home import prepare_dagster_home
from cli.processes import Processes
from core.clock import utc_now
from core.errors import TransientError
from core.store import inbox, ledger
from core.store import tables as store_tables
from pipelines import crm
from tests.assets.conftest import HOPE, Site


def plan(site: Site, contact: str, address: str) -> str:
    """Plan an email to a contact."""
    row = {
        "message_id": f"0198c0de-0000-7000-8000-{abs(hash((contact, address))) % 10**12:012}",
        "campaign_id": "renewal", "run_id": "r1", "step": "renewal_30", "variant": "a", "contact_id": contact,
        "company_id": "company", "channel": "email", "purpose": "renewal", "address": address,
        "template_id": "renewal_30", "template_version": 1, "language": "en", "variables": {},
        "subject_type": "contract", "subject_id": "s", "priority": 5, "not_before": None, "expires_at": None,
        "snapshot_id": "s",
    }  # fmt: skip
    with site.steps.store.begin() as connection:
        ledger.plan(connection, [row], utc_now())
    return str(row["message_id"])


def status_of(site: Site, message_id: str) -> str:
    with site.steps.store.connect() as connection:
        found = sa.select(store_tables.messages.c.status).where(store_tables.messages.c.message_id == message_id)
        return str(connection.execute(found).scalar_one())


def test_a_change_told_by_webhook_is_in_the_warehouse_with_its_history_and_only_that_row_is_read(site, contact):
    key = contact(0)
    site.edit("contacts", key, title="Owner")
    site.heard(1)

    assert site.follower.take_notices(site.client) == 1
    assert site.ask("select title from raw.crm__contacts where id = ?", key) == [("Owner",)]
    assert site.ask("select field, new_value from raw.crm__history where entity_id = ?", key) == [("title", "Owner")]
    assert [report.rows["crm__contacts"] for report in site.loads] == [1]
    assert site.states() == ["applied"]


@pytest.mark.parametrize(
    ("number", "change", "back"),
    [
        (1, {"unsubscribed": True}, {"unsubscribed": False}),
        (2, {"receives_notifications": False}, {"receives_notifications": True}),
        (3, {"is_active": False}, {"is_active": True}),
        (4, {"receives_renewal_emails": False}, {"receives_renewal_emails": True}),
    ],
)
def test_a_no_in_the_crm_stops_the_very_next_message_even_while_a_build_has_the_warehouse(
    site, contact, number, change, back
):
    key = contact(number)
    assert site.against(key) is None
    site.edit("contacts", key, **change)
    site.heard(1)
    with site.steps.warehouse_lock():
        taking = threading.Thread(target=site.follower.take_notices, args=(site.client,))
        taking.start()
        until = time.monotonic() + HOPE
        while site.against(key) is None and time.monotonic() < until:
            time.sleep(0.02)
        stopped, waits = site.against(key), site.states()
    taking.join()

    assert "in the CRM" in str(stopped) and waits == ["received"]
    assert site.states() == ["applied"]
    site.edit("contacts", key, **back)
    site.heard(2)
    site.follower.take_notices(site.client)
    assert site.against(key) is None


def test_a_no_to_one_purpose_leaves_the_others(site, contact):
    key = contact(5)
    site.edit("contacts", key, receives_payment_emails=False)
    site.heard(1)
    site.follower.take_notices(site.client)

    assert site.against(key, "payment") is not None
    assert site.against(key, "renewal") is None


def test_what_is_planned_to_an_old_address_is_cancelled_and_the_rest_goes_out(site, contact):
    key = contact(6)
    ((email,),) = site.ask("select email from raw.crm__contacts where id = ?", key)
    old, new = plan(site, key, email.strip().lower()), plan(site, key, "new.desk@hotel.example")
    site.edit("contacts", key, email="New.Desk@hotel.example")
    site.heard(1)
    site.follower.take_notices(site.client)

    assert (status_of(site, old), status_of(site, new)) == ("cancelled", "planned")


def test_a_deletion_is_believed_by_the_crms_own_404_and_what_went_with_a_company_goes_too(site):
    ((company,),) = site.ask("""
        select company from raw.crm__contacts where not _is_deleted group by company order by count(*) desc, 1 limit 1
    """)
    site.delete("companies", company)
    site.heard(1)
    site.follower.take_notices(site.client)

    assert site.ask("select _is_deleted from raw.crm__companies where id = ?", company) == [(True,)]
    for table in ("contacts", "contracts", "zones", "invoices"):
        assert site.ask(f"select count(*) from raw.crm__{table} where company = ? and not _is_deleted", company) == [
            (0,)
        ]
    ((key,),) = site.ask("select id from raw.crm__contacts where company = ? limit 1", company)
    assert site.against(key) == "deleted in the CRM"


def test_a_notice_that_says_a_row_is_gone_deletes_nothing_that_is_still_there(site, contact):
    key = contact(7)
    body = {"event_id": "lie", "occurred_at": utc_now().isoformat(), "changes": [{"collection": "contacts", "id": key}]}
    with site.steps.store.begin() as connection:
        now = utc_now()
        raw = json.dumps({**body, "action": "deleted", "email": "somebody@else.example"}).encode()
        inbox.append(connection, source="crm", dedup_key="lie", headers={}, body=raw, received_at=now)
    site.follower.take_notices(site.client)

    assert site.ask("select _is_deleted from raw.crm__contacts where id = ?", key) == [(False,)]
    assert site.ask("select count(*) from raw.crm__contacts where email = 'somebody@else.example'") == [(0,)]
    assert site.states() == ["applied"]


def test_a_collection_nobody_loads_is_kept_for_replay_and_takes_no_other_notice_with_it(site, contact):
    key = contact(8)
    with site.steps.store.begin() as connection:
        for number, (collection, row) in enumerate([("spaceships", "x-1"), ("contacts", key)]):
            change = {"collection": collection, "id": row}
            body = {"event_id": f"e{number}", "occurred_at": utc_now().isoformat(), "changes": [change]}
            raw = json.dumps(body).encode()
            inbox.append(connection, source="crm", dedup_key=f"e{number}", headers={}, body=raw, received_at=utc_now())
    site.follower.take_notices(site.client)

    with site.steps.store.connect() as connection:
        (kept,) = inbox.rows(connection, "rejected")
    assert "'spaceships' is not loaded" in kept["reason"]
    assert sorted(site.states()) == ["applied", "rejected"]


def test_a_body_that_is_no_notice_to_this_version_holds_up_no_other(site, contact):
    site.edit("contacts", contact(13), title="Behind it")
    site.heard(1)
    with site.steps.store.begin() as connection:
        inbox.append(connection, source="crm", dedup_key="old", headers={}, body=b'{"v": 0}', received_at=utc_now())

    assert site.follower.take_notices(site.client) == 1
    assert sorted(site.states()) == ["applied", "rejected"]


def test_while_the_crm_does_not_answer_a_notice_stays_and_nothing_is_loaded(site, contact):
    key = contact(9)
    site.edit("contacts", key, title="Later")
    site.heard(1)
    away = Steps(site.steps.settings.model_copy(update={"crm_url": "http://127.0.0.1:9"}))
    with away.crm_client(retry_seconds=0.2) as client, pytest.raises(TransientError):
        Follower(away).take_notices(client)

    assert site.states() == ["received"]
    site.follower.take_notices(site.client)
    assert site.ask("select title from raw.crm__contacts where id = ?", key) == [("Later",)]


def test_a_look_finds_what_no_webhook_told_and_writes_nothing_when_nothing_moved(site):
    ((ticket,),) = site.ask("select min(id) from raw.crm__tickets where not _is_deleted")
    ((invoice,),) = site.ask("select min(id) from raw.crm__invoices where not _is_deleted")
    site.edit("tickets", ticket, priority="Urgent")
    site.edit("invoices", invoice, receipt_number="REC-LOOK")
    site.follower.look(site.client)
    told = [{table: rows for table, rows in report.rows.items() if rows} for report in site.loads]
    before = site.ask("select max(loaded_at) from raw.crm__loads where table_name = 'crm__contacts'")
    site.loads.clear()
    site.follower.look(site.client)

    assert site.ask("select priority from raw.crm__tickets where id = ?", ticket) == [("Urgent",)]
    assert site.ask("select receipt_number from raw.crm__invoices where id = ?", invoice) == [("REC-LOOK",)]
    assert told[0]["crm__tickets"] == 1 and told[0]["crm__invoices"] >= 1
    assert site.loads == []
    assert site.ask("select max(loaded_at) from raw.crm__loads where table_name = 'crm__contacts'") > before


def test_an_opt_out_that_moves_no_time_is_found_by_the_next_look(site, contact):
    key = contact(10)
    site.edit("contacts", key, touch=False, receives_notifications=False)
    site.follower.look(site.client)

    assert site.against(key) == "opted out in the CRM"
    assert site.ask("select receives_notifications from raw.crm__contact_preferences where contact_id = ?", key) == [
        (False,)
    ]


def test_a_look_that_finds_nothing_does_not_wait_for_a_build(site):
    site.follower.look(site.client)
    with site.steps.warehouse_lock():
        started = time.monotonic()
        site.follower.look(site.client)

    assert time.monotonic() - started < HOPE


def test_a_row_another_load_has_read_since_is_not_set_back(site, contact):
    key = contact(11)
    old = crm.read_named(site.client, {"contacts": {key}}, utc_now() - timedelta(seconds=5))
    site.edit("contacts", key, touch=False, title="Newer")
    site.steps.sync_crm("full")
    site.steps.load_crm_news(old)

    assert site.ask("select title from raw.crm__contacts where id = ?", key) == [("Newer",)]


def test_the_follower_as_a_process_of_its_own_tells_dagster_and_ends_when_asked(site, contact, tmp_path):
    key = contact(12)
    environment = {**world.environment_of(site.steps.settings), **prepare_dagster_home(tmp_path / "dagster", "")}
    with Processes(tmp_path / "logs", environment) as processes:
        processes.start("follower", "cli", "sync", "crm", "--follow")
        log = tmp_path / "logs" / "follower.log"
        wait_until(lambda: "crm_loaded" in log.read_text(), 60, "it has caught up")
        site.edit("contacts", key, title="Followed")
        wait_until(lambda: site.states() == ["applied"], 60, "the notice is settled")
        process = processes.running["follower"]
        process.terminate()
        assert process.wait(timeout=30) == 0, log.read_text()

    assert site.ask("select title from raw.crm__contacts where id = ?", key) == [("Followed",)]
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        assert instance.get_latest_materialization_event(dg.AssetKey(["raw", "crm__contacts"])) is not None
