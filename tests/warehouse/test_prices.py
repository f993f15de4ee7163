"""What a message costs: the user's price list, WhatsApp's word on what it bills, and nothing made up."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import phonenumbers
import pytest

from core.errors import PermanentError
from pipelines.providers import prices
from pipelines.providers.prices import PriceList
from tests.warehouse.conftest import add
from warehouse.build import Mode, build

LIST = """
[[whatsapp]]
currency = "USD"
utility = {TH = 0.01, other = 0.02}
marketing = {TH = 0.05}
[[whatsapp]]
from = 2026-06-15
currency = "USD"
utility = {TH = 0.03}
[line]
currency = "THB"
message = 0.1
"""


@pytest.fixture
def price_list(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(LIST)
    return path


def take(connection: duckdb.DuckDBPyConnection, key: str, at: datetime, billed: str = "", **more: Any) -> None:
    """Add a message that its provider took, and what WhatsApp says it bills."""
    message = {"message_id": key, "campaign_id": "renewal", "run_id": "r", "channel": "whatsapp", "contact_id": "p"}
    message |= {"status": "delivered", "planned_at": at, "accepted_at": at, "address": "+66812345678"} | more
    add(connection, "journal__messages", message)
    if billed:
        category, _, free = billed.partition(" ")
        detail = f'{{"pricing": {{"billable": {"false" if free else "true"}, "category": "{category}"}}}}'
        event = {"event_id": f"e{key}", "message_id": key, "channel": "whatsapp", "event_type": "delivered"}
        add(connection, "journal__events", event | {"occurred_at": at, "recorded_at": at, "detail": detail})


def costs(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[float | None, str | None]]:
    rows = connection.execute("select message_id, cost_amount, cost_currency from marts.messages").fetchall()
    return {key: (None if amount is None else float(amount), currency) for key, amount, currency in rows}


def test_a_message_costs_what_it_was_billed_as_where_it_went_and_when(
    warehouse: duckdb.DuckDBPyConnection, price_list: Path, now: datetime
) -> None:
    before, after = datetime(2026, 6, 14, 16, 59, tzinfo=UTC), datetime(2026, 6, 14, 17, 0, tzinfo=UTC)
    take(warehouse, "utility", before, "utility")
    take(warehouse, "as billed, not as planned", before, "marketing", purpose="renewal")
    take(warehouse, "elsewhere", before, "utility", address="+6581234567")
    take(warehouse, "from midnight in Bangkok", after, "utility")
    take(warehouse, "elsewhere later", after, "utility", address="+6581234567")
    take(warehouse, "an answer in time", before, "service free")
    take(warehouse, "did not arrive", before, "utility", status="failed")
    take(warehouse, "not billed yet", before)
    take(warehouse, "no price", before, "authentication")
    take(warehouse, "not taken", before, accepted_at=None, status="planned")
    take(warehouse, "line", before, channel="line", address="U1")
    take(warehouse, "email", before, channel="email", address="p@hotel.example")
    take(warehouse, "its own bill", before, "utility", cost_amount=0.5, cost_currency="EUR")
    prices.take_in(warehouse, price_list)
    build(warehouse, now=now)

    assert costs(warehouse) == {
        "utility": (0.01, "USD"),
        "as billed, not as planned": (0.05, "USD"),
        "elsewhere": (0.02, "USD"),
        "from midnight in Bangkok": (0.03, "USD"),
        "elsewhere later": (0.02, "USD"),
        "an answer in time": (0.0, None),
        "did not arrive": (0.0, "USD"),
        "not billed yet": (None, None),
        "no price": (None, None),
        "not taken": (None, None),
        "line": (0.1, "THB"),
        "email": (None, None),
        "its own bill": (0.5, "EUR"),
    }


@pytest.mark.parametrize(
    "pricing", ['"free"', '{"billable": "perhaps"}', '{"billable": {}, "category": ["utility"]}', "null"]
)
def test_what_whatsapp_says_in_a_shape_nobody_described_breaks_no_build(
    warehouse: duckdb.DuckDBPyConnection, price_list: Path, now: datetime, pricing: str
) -> None:
    take(warehouse, "one", now, "utility")
    warehouse.execute("update raw.journal__events set detail = ?", [f'{{"pricing": {pricing}}}'])
    prices.take_in(warehouse, price_list)
    build(warehouse, now=now)

    assert costs(warehouse) == {"one": (None, None)}


def test_what_has_no_price_is_counted_and_two_currencies_are_not_added(
    warehouse: duckdb.DuckDBPyConnection, price_list: Path, now: datetime
) -> None:
    take(warehouse, "one", now, "utility")
    take(warehouse, "two", now, "utility", cost_amount=0.5, cost_currency="EUR")
    take(warehouse, "three", now, channel="email", address="p@hotel.example")
    take(warehouse, "four", now, channel="line", address="U1")
    take(warehouse, "five", now, channel="line", address="U2")
    prices.take_in(warehouse, price_list)
    build(warehouse, now=now)

    for mart in ("daily_run_metrics", "daily_channel_metrics"):
        rows = warehouse.execute(f"select channel, sent, unpriced, cost, currency from marts.{mart}").fetchall()
        assert {channel: rest for channel, *rest in rows} == {
            "whatsapp": [2, 0, None, None],
            "email": [1, 1, None, None],
            "line": [2, 0, Decimal("0.2"), "THB"],
        }, mart


def test_a_corrected_price_list_restates_history_and_the_same_one_touches_nothing(
    warehouse: duckdb.DuckDBPyConnection, price_list: Path, now: datetime
) -> None:
    for table in ("messages", "events"):
        warehouse.execute(f"alter table raw.journal__{table} add column _load_number bigint")
    take(warehouse, "one", datetime(2026, 1, 1, tzinfo=UTC), "utility", _load_number=1)
    warehouse.execute("update raw.journal__events set _load_number = 1")

    def built() -> Mode:
        return next(run.mode for run in build(warehouse, now=now) if run.model.address.table == "messages")

    assert prices.take_in(warehouse, price_list)
    assert (built(), costs(warehouse)["one"]) == (Mode.WHOLE, (0.01, "USD"))
    assert not prices.take_in(warehouse, price_list)
    assert built() is Mode.TOUCHED
    price_list.write_text(LIST.replace("TH = 0.01", "TH = 0.04"))
    assert prices.take_in(warehouse, price_list)
    assert (built(), costs(warehouse)["one"]) == (Mode.WHOLE, (0.04, "USD"))
    assert not prices.take_in(warehouse, price_list.with_name("not on this host"))
    assert (built(), costs(warehouse)["one"]) == (Mode.TOUCHED, (0.04, "USD"))
    price_list.write_text("")
    assert prices.take_in(warehouse, price_list)
    assert (built(), costs(warehouse)["one"]) == (Mode.WHOLE, (None, None))


def test_a_list_that_cannot_be_read_leaves_the_last_good_one(
    warehouse: duckdb.DuckDBPyConnection, price_list: Path
) -> None:
    prices.take_in(warehouse, price_list)
    standing = warehouse.execute("from raw.providers__prices").fetchall()
    price_list.write_text(LIST + "[email]\nmessage = 1")

    assert not prices.take_in(warehouse, price_list)
    assert warehouse.execute("from raw.providers__prices").fetchall() == standing


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not toml", "Expected '='"),
        ('[telegram]\ncurrency = "USD"', "'telegram' is not a valid Channel"),
        ("[line]\nmessage = 1", "currency"),
        ('[line]\ncurrency = "baht"\nmessage = 1', "a code such as THB, not 'baht'"),
        ('[line]\ncurrency = "THB"', "needs currency and message"),
        ('[line]\ncurrency = "THB"\nmessage = -1', "a price from 0 to 1000, not -1"),
        ('[line]\ncurrency = "THB"\nmessage = "0.1"', "not '0.1'"),
        ('[line]\ncurrency = "THB"\nmessage = true', "not True"),
        ('[line]\ncurrency = "THB"\nmessage = nan', "a price from 0 to 1000"),
        ('[line]\ncurrency = "THB"\nmessage = 1\nfrom = "soon"', "a day, such as 2027-01-01"),
        ('[whatsapp]\ncurrency = "USD"\nutilty = {TH = 1}', "no such category"),
        ('[whatsapp]\ncurrency = "USD"\nutility = {Thailand = 1}', "no country of ISO 3166"),
        ('[whatsapp]\ncurrency = "USD"\nutility = 1', "It should look like this"),
        ('[whatsapp]\ncurrency = "USD"\nutility = {US = 1, CA = 2}', "two prices for utility"),
        (
            '[[line]]\ncurrency = "THB"\nmessage = 1\n[[line]]\nfrom=2027-01-01\ncurrency = "USD"\nmessage = 1',
            "two currencies",
        ),
        ('[[line]]\ncurrency = "THB"\nmessage = 1\n[[line]]\ncurrency = "THB"\nmessage = 2', "two prices"),
        ("line = 5", "It should look like this"),
    ],
)
def test_a_wrong_price_list_is_refused_with_what_to_do(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text)

    with pytest.raises(PermanentError, match=reason) as refused:
        prices.read(path)
    assert "prices.toml" in str(refused.value)


def test_countries_whose_numbers_begin_alike_share_a_price(tmp_path: Path, warehouse: Any, now: datetime) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[whatsapp]\ncurrency = "USD"\nutility = {US = 0.02, CA = 0.02}')
    take(warehouse, "one", now, "utility", address="+12125550100")
    prices.take_in(warehouse, path)
    build(warehouse, now=now)

    assert costs(warehouse) == {"one": (0.02, "USD")}


def test_the_list_knows_the_price_of_a_day(price_list: Path) -> None:
    def at(day: date) -> PriceList:
        return PriceList(price_list, datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=3))

    june, july = at(date(2026, 6, 1)), at(date(2026, 7, 1))
    amounts = [found and float(found.amount) for found in (
        june.of("whatsapp", "utility", "TH"),
        july.of("whatsapp", "utility", "TH"),
        july.of("whatsapp", "utility", "SG"),
        july.of("whatsapp", "marketing", "SG"),
        july.of("line", "", ""),
        july.of("email", "", ""),
    )]  # fmt: skip
    assert amounts == [0.01, 0.03, 0.02, None, 0.1, None]


def test_the_example_of_the_demo_is_a_price_list() -> None:
    found = prices.read(Path(__file__).parents[2] / "sandbox" / "prices.toml")

    assert {str(each.channel) for each in found} == {"whatsapp", "line", "email"}


def test_a_numbers_country_is_known_by_its_beginning_as_the_telephone_world_has_it(warehouse: Any) -> None:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number(region)
        number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        (code,) = warehouse.execute("select calling_code(?)", [number]).fetchone()
        assert code == str(example.country_code), region
