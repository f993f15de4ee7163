"""A misbehaving CRM: each fault is a clear error or a recorded reject, and the last good data stay."""

import time

import httpx
import pytest

from core.errors import PermanentError, TransientError
from pipelines.crm.client import CrmClient
from tests.pipelines.conftest import recorded

HTML_500 = recorded("errors")["server_error_html"]["body"]


def failing(times, answer, *, path="/api/v1/", after=0):
    """Make a fault that spares ``after`` requests of a path and then strikes ``times``."""
    seen = [0]

    def fault(request):
        if not request.url.path.startswith(path) or "auth" in request.url.path:
            return None
        seen[0] += 1
        return answer(request) if after < seen[0] <= after + times else None

    return fault


def state(ask):
    tables = ask("select table_name from duckdb_tables() where schema_name = 'raw' and table_name like 'crm%'")
    return {table: sorted(map(str, ask(f"select * from raw.{table}"))) for (table,) in tables}


def cut(request):
    raise httpx.ConnectError("no route")


def slow(request):
    raise httpx.ReadTimeout("too slow")


def page_of_html(request):
    return httpx.Response(500, html=HTML_500)


@pytest.mark.parametrize("answer", [cut, slow, page_of_html, lambda _: httpx.Response(503, json={"detail": "busy"})])
def test_a_crm_that_is_down_leaves_the_last_good_data(load, ask, standin, answer):
    load()
    before = state(ask)
    next(iter(standin.rows["companies"].values()))["name"] = "Half Loaded"
    standin.faults.append(failing(10**6, answer, path="/api/v1/notes/"))

    with pytest.raises(TransientError):
        load(mode="full", retry_seconds=0.3)

    assert state(ask) == before


@pytest.mark.parametrize("answer", [cut, slow, page_of_html])
def test_a_short_failure_is_ridden_out(load, ask, standin, answer):
    standin.faults.append(failing(2, answer, path="/api/v1/contacts/"))

    load()

    assert ask("select count(*) from raw.crm__contacts") == [(len(standin.rows["contacts"]),)]


def test_signed_out_in_mid_crawl_signs_in_again(load, ask, standin):
    signed_out = recorded("login")["errors"]["no_auth"]["body"]
    standin.faults.append(
        failing(1, lambda _: httpx.Response(401, json=signed_out), path="/api/v1/contracts/", after=1)
    )

    load()

    assert standin.requests["/api/v1/auth/login/"] == 2
    assert ask("select count(*) from raw.crm__contracts") == [(len(standin.rows["contracts"]),)]


def test_the_token_is_renewed_before_it_expires(standin):
    clock = [0.0]
    standin.faults.append(
        lambda request: (
            httpx.Response(200, json={"access": "access"}) if request.url.path == "/api/v1/auth/refresh/" else None
        )
    )
    with CrmClient(
        "http://crm.example", "admin", "right", transport=httpx.MockTransport(standin), monotonic=lambda: clock[0]
    ) as client:
        client.find("/api/v1/notes/none/")
        clock[0] = 3400.0
        client.find("/api/v1/notes/none/")

    assert standin.requests["/api/v1/auth/refresh/"] == 1
    assert standin.requests["/api/v1/auth/login/"] == 1


def test_throttling_waits_as_long_as_asked(load, standin):
    throttled = httpx.Response(429, json={"detail": "Request was throttled."}, headers={"Retry-After": "1"})
    standin.faults.append(failing(1, lambda _: throttled, path="/api/v1/zones/"))
    started = time.monotonic()

    load()

    assert time.monotonic() - started >= 1.0


def test_a_wrong_password_is_named_and_tried_once(load, standin, tmp_path):
    with pytest.raises(PermanentError, match="BMA_CRM_PASSWORD"):
        load(password="wrong")

    assert standin.requests["/api/v1/auth/login/"] == 1
    assert not (tmp_path / "warehouse.duckdb").exists()


@pytest.mark.parametrize("kind", ["NotFound", "ValidationError"])
def test_a_500_of_companies_that_means_refusal_is_not_repeated(load, standin, kind):
    refusal = {"error": "Failed to retrieve companies", "detail": "no", "type": kind}
    standin.faults.append(failing(10**6, lambda _: httpx.Response(500, json=refusal), path="/api/v1/companies/"))

    with pytest.raises(PermanentError, match="companies"):
        load()

    assert standin.requests["/api/v1/companies/"] == 1


def test_a_redirect_is_never_followed(load, standin):
    moved = httpx.Response(301, headers={"location": "http://elsewhere.example/"})
    standin.faults.append(failing(10**6, lambda _: moved, path="/api/v1/companies/"))

    with pytest.raises(PermanentError, match="redirect"):
        load()


def test_one_record_of_changed_type_is_recorded_and_its_last_good_version_stays(load, ask, standin):
    load()
    contact = next(iter(standin.rows["contacts"].values()))
    good = contact["name"]
    contact.update(name="Changed", is_active="yes")

    report = load(mode="full")

    assert report.rejects == 1
    assert ask("select name, _is_deleted from raw.crm__contacts where id = ?", contact["id"]) == [(good, False)]
    reason, record = ask("select reason, record from raw.crm__rejects where entity_id = ?", contact["id"])[0]
    assert "is_active" in reason and '"Changed"' in record


@pytest.mark.parametrize("field", ["updated_at", "id_missing", "amount"])
def test_a_type_changed_everywhere_loads_nothing(load, ask, standin, field):
    load()
    before = state(ask)
    for record in standin.rows["invoices"].values():
        if field == "id_missing":
            record.pop("id")
        else:
            record[field] = 12

    with pytest.raises(PermanentError):
        load(mode="full")

    assert state(ask) == before


def test_an_unknown_field_is_recorded_once_and_rows_still_arrive(load, ask, standin):
    for record in standin.rows["tickets"].values():
        record["mood"] = "good"

    report = load()

    assert report.rejects == 1
    assert ask("select entity, entity_id from raw.crm__rejects") == [("tickets", "field:mood")]
    assert ask("select count(*) from raw.crm__tickets") == [(len(standin.rows["tickets"]),)]


def test_a_company_the_crm_could_not_serialise_is_refused_and_kept(load, ask, standin):
    load()
    company = next(iter(standin.rows["companies"].values()))
    name = company["name"]
    stub = {"id": company["id"], "name": "Stub", "zones_summary": "Error loading data"}
    standin.rows["companies"][company["id"]] = stub

    report = load(mode="full")

    assert report.rejects == 1
    assert ask("select name from raw.crm__companies where id = ?", company["id"]) == [(name,)]


def test_rows_that_move_between_pages_are_found_by_reading_again(load, ask, standin):
    lost = []

    def lose_one(kind, rows, page):
        if kind == "notes" and page == 2 and not lost:
            lost.append(rows[0]["id"])
            return [rows[1], *rows[1:]]
        return rows

    standin.bend = lose_one
    load()

    assert lost
    assert ask("select count(*) from raw.crm__notes") == [(len(standin.rows["notes"]),)]


def test_rows_lost_on_every_crawl_load_nothing(load, ask, standin):
    load()
    before = state(ask)
    standin.bend = lambda kind, rows, page: rows[1:] if kind == "notes" else rows

    with pytest.raises(TransientError, match="lost rows"):
        load()

    assert state(ask) == before


def test_a_crm_that_suddenly_shrank_is_refused_unless_allowed(load, ask, standin):
    load()
    before = state(ask)
    for key in list(standin.rows["contacts"])[3:]:
        del standin.rows["contacts"][key]

    with pytest.raises(PermanentError, match="allow_shrink"):
        load(mode="full")
    after_refusal = state(ask)
    report = load(mode="full", allow_shrink=True)

    assert after_refusal == before
    assert report.deleted > 20


def test_an_opt_out_list_of_another_shape_stops_the_load(load, standin):
    standin.mcp_rows[0]["unsubscribed"] = "no"

    with pytest.raises(PermanentError, match="unsubscribed"):
        load()


def test_a_web_servers_own_404_is_no_proof_of_deletion(load, ask, standin):
    load()
    before = state(ask)
    key, _ = standin.rows["companies"].popitem()
    standin.faults.append(failing(10**6, lambda _: httpx.Response(404, html="gone"), path=f"/api/v1/companies/{key}"))

    with pytest.raises(PermanentError, match="404"):
        load(mode="full")

    assert state(ask) == before
