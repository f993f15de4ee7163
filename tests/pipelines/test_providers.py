"""The providers' own counts arrive as they were told, by the providers' own days; what fails says what to do."""

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from core.errors import PermanentError, TransientError
from pipelines import providers
from tests.pipelines.standin_providers import TEMPLATE, StandIns

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)  # noon in Bangkok, 14:00 in Tokyo
DAY = timedelta(days=1)
TOTALS = "select counter, starts_at, status, sent from raw.providers__daily_totals"


@pytest.fixture
def world():
    found = StandIns()
    found.at(NOON)
    return found


@pytest.fixture
def load(world, tmp_path):
    def call(now, **options):
        settings = world.settings(tmp_path, **options.pop("settings", {}))
        options = {"transport": world.transport, "retry_seconds": 1.0, "days": 3, **options}
        return providers.load(settings, now=now, **options)

    return call


def test_line_counts_by_days_of_utc_plus_nine(world, load, ask):
    for at in (NOON, datetime(2026, 3, 2, 14, 59, tzinfo=UTC), datetime(2026, 3, 2, 15, 1, tzinfo=UTC)):
        world.at(at)
        assert world.push() == 200  # the last one at 22:01 in Bangkok: tomorrow, for LINE
    world.at(NOON + 2 * DAY)
    report = load(NOON + 2 * DAY)

    assert report.channels["line"] == "loaded: 6 daily counts"
    assert ask(f"{TOTALS} where counter = 'push' order by starts_at") == [
        ("push", datetime(2026, 2, 28, 15, tzinfo=UTC), "ready", 0),
        ("push", datetime(2026, 3, 1, 15, tzinfo=UTC), "ready", 2),
        ("push", datetime(2026, 3, 2, 15, tzinfo=UTC), "ready", 1),
    ]
    assert ask("select channel, month, quota, used from raw.providers__quotas") == [
        ("line", date(2026, 3, 1), 15000, 3)
    ]


def test_a_repeat_under_the_same_key_and_a_broken_answer_count_once_and_a_fault_not_at_all(world, load, ask):
    world.fault("line", "reset_after_accept")
    assert world.push("k1") == 500
    assert world.push("k1") == 409
    world.fault("line", "http_500")
    assert world.push("k2") == 500
    world.at(NOON + DAY)
    load(NOON + DAY)

    assert ask(f"{TOTALS} where counter = 'push' and sent > 0") == [
        ("push", datetime(2026, 3, 1, 15, tzinfo=UTC), "ready", 1)
    ]


def test_a_multicast_counts_its_people_once_and_apart_from_pushes(world, load, ask):
    assert world.push() == 200
    assert [world.multicast(20, "k"), world.multicast(20, "k"), world.multicast(501)] == [200, 409, 400]
    world.at(NOON + DAY)
    load(NOON + DAY, days=1)

    assert ask(f"select counter, sent from ({TOTALS}) where starts_at >= '2026-03-01 15:00:00+00' order by 1") == [
        ("multicast", 20),
        ("push", 1),
    ]
    assert ask("select used from raw.providers__quotas") == [(21,)]


def test_whatsapp_counts_templates_over_their_languages_by_utc_day(world, load, ask):
    for number in range(60):
        world.template(number, language="th" if number % 2 else "en")
    world.template(99, name="zone_offline_24")
    world.at(NOON + DAY)
    load(NOON + DAY)

    query = "select template_name, status, sent, delivered, read from raw.providers__daily_totals"
    found = ask(f"{query} where counter = 'template' and starts_at = '2026-03-02 00:00:00+00' order by 1")
    assert [(name, status) for name, status, *_ in found] == [(TEMPLATE, "ready"), ("zone_offline_24", "ready")]
    assert sum(sent for _, _, sent, *_ in found) == 61 - world.failed()
    assert all(sent >= delivered >= read for _, _, sent, delivered, read in found)
    other = ask(f"{query} where counter = 'template' and starts_at < '2026-03-02 00:00:00+00'")
    assert {row[2:] for row in other} == {(0, 0, 0)}


def test_a_duplicate_that_whatsapp_took_is_counted_as_often_as_it_was_taken(world, load, ask):
    numbers = [number for number in range(10) if world.template(number) == 200]
    unreachable = world.failed()
    for number in numbers:
        world.template(number)
    world.at(NOON + DAY)
    load(NOON + DAY)

    assert ask("select sum(sent) from raw.providers__daily_totals where channel = 'whatsapp'") == [
        (2 * (len(numbers) - unreachable),)
    ]


def test_more_templates_than_fit_into_one_request_or_page_are_all_counted(world, load, ask):
    for number in range(57):
        world.template(number, name=f"template_{number}")
    world.at(NOON + DAY)
    load(NOON + DAY)

    assert ask("select count(distinct template_name) from raw.providers__daily_totals where counter = 'template'") == [
        (57,)
    ]
    sizes = [
        request.url.params["template_ids"].count(",") + 1
        for request in world.asked
        if request.url.path.endswith("template_analytics")
    ]
    assert max(sizes) == 10


def test_a_day_that_has_only_just_ended_is_not_ready_and_later_is(world, load, ask):
    world.template(1)
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    world.at(midnight + timedelta(hours=1))
    load(midnight + timedelta(hours=1), days=1)
    assert ask(f"{TOTALS} where counter = 'template'") == [("template", midnight - DAY, "unready", None)]

    world.at(midnight + timedelta(hours=4))
    load(midnight + timedelta(hours=4), days=1)
    ((_, _, status, sent),) = ask(f"{TOTALS} where counter = 'template'")
    assert (status, sent) == ("ready", 1 - world.failed())


def test_no_more_than_ninety_days_are_asked_of_whatsapp(world, load, ask):
    world.template(1)
    world.at(NOON + DAY)

    assert load(NOON + DAY, days=120).failures == {}
    assert ask("select count(*) from raw.providers__daily_totals where counter = 'template'") == [(90,)]


@pytest.mark.parametrize(
    ("settings", "channel", "says"),
    [
        ({"line_token": ""}, "line", "closed: set BMA_LINE_TOKEN to open it"),
        ({"whatsapp_token": ""}, "whatsapp", "closed: set BMA_WHATSAPP_TOKEN to open it"),
        ({"whatsapp_business_account_id": ""}, "whatsapp", "set BMA_WHATSAPP_BUSINESS_ACCOUNT_ID"),
    ],
)
def test_a_closed_channel_is_left_out_and_said_so(world, load, ask, settings, channel, says):
    report = load(NOON, settings=settings)

    assert says in report.channels[channel]
    assert report.failures == {}
    assert "no counters" in report.channels["email"]


@pytest.mark.parametrize(
    ("settings", "channel", "says"),
    [
        ({"line_token": "old"}, "line", "check BMA_LINE_TOKEN"),
        ({"whatsapp_token": "old"}, "whatsapp", "Check BMA_WHATSAPP_TOKEN"),
    ],
)
def test_a_refused_token_says_which_setting_to_look_at_and_keeps_no_other_channel_out(
    world, load, ask, settings, channel, says
):
    world.push()
    world.template(1)
    world.at(NOON + DAY)
    report = load(NOON + DAY, settings=settings)

    assert isinstance(report.failures[channel], PermanentError)
    assert says in report.channels[channel]
    other = {"line": "whatsapp", "whatsapp": "line"}[channel]
    assert ask("select distinct channel from raw.providers__daily_totals") == [(other,)]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (httpx.Response(503, text="busy"), TransientError, "with 503"),
        (httpx.Response(429, json={"message": "slow down"}, headers={"retry-after": "0"}), TransientError, "slow down"),
        (httpx.Response(200, text="<html>"), TransientError, "not JSON"),
        (httpx.Response(200, json=[1]), PermanentError, "no JSON object"),
        (httpx.Response(200, json={"status": "sleeping"}), PermanentError, "'sleeping'"),
        (httpx.Response(200, json={"status": "ready"}), PermanentError, "tells no number"),
        (httpx.Response(404, json={"message": "Not found"}), PermanentError, "Not found"),
    ],
)
def test_an_answer_of_line_says_whether_to_ask_again(world, load, answer, error, says):
    report = load(NOON, transport=httpx.MockTransport(lambda _request: answer), settings={"whatsapp_token": ""}, days=1)

    assert type(report.failures["line"]) is error
    assert says in str(report.failures["line"])


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (400, {"error": {"code": 80007, "message": "(#80007) Rate limit"}}, TransientError, "Rate limit"),
        (400, {"error": {"code": 100, "message": "(#100) Bad"}}, PermanentError, "template insights are confirmed"),
        (403, {"error": {"code": 200, "message": "(#200) No"}}, PermanentError, "whatsapp_business_management"),
        (400, {"error": {"code": 9, "message": "?", "is_transient": True}}, TransientError, "?"),
        (500, {}, TransientError, "with 500"),
        (200, {"data": [{"name": "without an id"}]}, PermanentError, "unknown shape"),
        (200, {"rows": []}, PermanentError, "unknown shape"),
    ],
)
def test_an_answer_of_whatsapp_says_whether_to_ask_again(world, load, status, body, error, says):
    answer = httpx.MockTransport(lambda _request: httpx.Response(status, json=body))
    report = load(NOON, transport=answer, settings={"line_token": ""}, days=1)

    assert type(report.failures["whatsapp"]) is error
    assert says in str(report.failures["whatsapp"])


def test_a_lost_line_is_asked_again(world, load):
    calls = []

    def flaky(request):
        calls.append(request)
        if len(calls) == 1:
            raise httpx.ConnectError("no route")
        return world._forward(request)

    assert load(NOON, transport=httpx.MockTransport(flaky)).failures == {}


def test_loading_twice_changes_nothing_and_fits_tables_that_stand_already(world, load, ask, tmp_path):
    from warehouse.connect import connect, prepare

    with connect(tmp_path / "warehouse.duckdb") as connection:
        prepare(connection)
    world.push()
    world.at(NOON + DAY)
    load(NOON + DAY)
    before = ask("from raw.providers__daily_totals order by all")
    load(NOON + DAY)

    assert ask("from raw.providers__daily_totals order by all") == before != []
