"""What providers ask for a message: a file the user keeps, since rates change and none are built in."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers

from core.errors import PermanentError
from core.logs import get_logger
from core.vocabulary import Channel

TABLE = "providers__prices"
OTHER = "other"  # every country without a price of its own
# The categories in which WhatsApp bills; source: the pricing object of its statuses.
CATEGORIES = frozenset(
    {
        "marketing",
        "marketing_lite",
        "utility",
        "authentication",
        "authentication-international",
        "service",
        "referral_conversion",
    }
)
_SHAPE = (
    '[whatsapp] currency = "USD", [whatsapp.utility] TH = 0.01; [line] currency = "THB", message = 0.1; [email] alike'
)


class Price(NamedTuple):
    """What one message costs from a day on: ``country`` and ``category`` are empty where the provider knows none.

    ``calling_code`` is what numbers of the country begin with, without the plus; empty: every other one.
    """

    channel: Channel
    category: str
    country: str
    calling_code: str
    amount: Decimal
    currency: str
    valid_from: date


def read(path: Path) -> list[Price]:
    """Read the price list; without a file there are no prices. Raises PermanentError naming the line that is wrong."""
    if not path.exists():
        return []
    try:
        found = tomllib.loads(path.read_text(), parse_float=Decimal)
    except ValueError as error:
        raise PermanentError(f"{path}: {error}") from error
    try:
        prices = [price for channel, said in found.items() for price in _of_channel(Channel(channel), said)]
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise PermanentError(f"{path}: {error}. It should look like this: {_SHAPE}") from error
    _agree(path, prices)
    return prices


class PriceList:
    """The prices that hold at a moment. Raises as ``read`` does."""

    def __init__(self, path: Path, at: datetime) -> None:
        day = at.astimezone(ZoneInfo("Asia/Bangkok")).date()
        holding = [each for each in read(path) if each.valid_from <= day]
        holding.sort(key=lambda each: each.valid_from)
        self._prices = {(str(each.channel), each.calling_code, each.category): each for each in holding}

    def of(self, channel: str, category: str, country: str) -> Price | None:
        """Return a message's price; None when nobody knows it."""
        code = str(phonenumbers.country_code_for_region(country)) if country else ""
        places = ((channel, code, category), (channel, "", category))
        return next((found for place in places if (found := self._prices.get(place)) is not None), None)


def take_in(connection: Any, path: Path) -> bool:
    """Put the price list into ``raw.providers__prices``; True when that changed it.

    A list that stands already is left alone, so that nothing is computed again for it. One that cannot be read is told
    to the log, and the last good one holds: a slip of the pen must not keep everybody without numbers. A host without
    the file leaves what another one took in; an empty file takes all prices away.
    """
    if not path.exists():
        return False
    try:
        rows = sorted(read(path))
    except PermanentError as error:
        get_logger().error("the price list was not taken in: the last good one holds", reason=str(error))
        return False
    columns = ", ".join(Price._fields)
    standing = connection.execute(f"select {columns} from raw.{TABLE}").fetchall()  # noqa: S608 -- names of ours
    if sorted(standing) == [tuple(row) for row in rows]:
        return False
    connection.execute("begin")
    connection.execute(f"delete from raw.{TABLE}")  # noqa: S608
    for row in rows:
        connection.execute(f"insert into raw.{TABLE} ({columns}) values (?, ?, ?, ?, ?, ?, ?)", list(row))  # noqa: S608
    connection.execute("commit")
    return True


def _of_channel(channel: Channel, said: Any) -> Iterator[Price]:
    """Read a channel's prices: one table, or a list of tables, each from a day on."""
    for each in said if isinstance(said, list) else [said]:
        valid_from = each.get("from", date(1970, 1, 1))
        if type(valid_from) is not date:
            raise ValueError(f"[{channel}] from: a day, such as 2027-01-01, not {valid_from!r}")
        currency = each["currency"]
        if not (isinstance(currency, str) and len(currency) == 3 and currency.isupper()):
            raise ValueError(f"[{channel}] currency: a code such as THB, not {currency!r}")
        prices = {name: value for name, value in each.items() if name not in {"from", "currency"}}
        lines = _by_country(prices) if channel == Channel.WHATSAPP else _by_message(channel, prices)
        for category, country, code, amount in lines:
            yield Price(channel, category, country, code, amount, currency, valid_from)


def _by_country(prices: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Decimal]]:
    for category, countries in prices.items():
        if category not in CATEGORIES:
            raise ValueError(
                f"[whatsapp.{category}]: WhatsApp has no such category; it has {', '.join(sorted(CATEGORIES))}"
            )
        for country, amount in countries.items():
            code = phonenumbers.country_code_for_region(country) if country != OTHER else ""
            if code == 0:
                raise ValueError(
                    f"[whatsapp.{category}] {country}: no country of ISO 3166, such as TH, and not {OTHER!r}"
                )
            yield category, country, str(code), _amount(f"[whatsapp.{category}] {country}", amount)


def _by_message(channel: Channel, prices: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Decimal]]:
    if prices.keys() != {"message"}:
        raise ValueError(
            f"[{channel}]: it needs currency and message, and has {', '.join(sorted(prices)) or 'neither'}"
        )
    yield "", "", "", _amount(f"[{channel}] message", prices["message"])


def _amount(where: str, amount: Any) -> Decimal:
    is_number = isinstance(amount, int | Decimal) and not isinstance(amount, bool)
    if not is_number or not Decimal(amount).is_finite() or not 0 <= amount < 1000:
        raise ValueError(f"{where}: a price from 0 to 1000, not {amount!r}")
    return Decimal(amount).quantize(Decimal("0.000001"))


def _agree(path: Path, prices: list[Price]) -> None:
    """Refuse what could not be added, or would be two prices of one message."""
    currencies: dict[Channel, str] = {}
    places: dict[tuple[Any, ...], Price] = {}
    for each in prices:
        if currencies.setdefault(each.channel, each.currency) != each.currency:
            raise PermanentError(f"{path}: [{each.channel}] has two currencies, which are never added: keep to one")
        place = (each.channel, each.category, each.calling_code, each.valid_from)
        other = places.setdefault(place, each)
        if other.amount != each.amount or (other is not each and other.country == each.country):
            raise PermanentError(
                f"{path}: {other.country} and {each.country} have numbers of the same beginning, +{each.calling_code}, "
                f"and two prices for {each.category} from {each.valid_from} on: keep one"
            )
