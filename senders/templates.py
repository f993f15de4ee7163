"""Rendering: a sandboxed Jinja2, and no blank ever: a variable without a value stops the message with a reason."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.errors import PermanentError
from core.vocabulary import Channel

# LINE counts UTF-16 units; WhatsApp limits a template's body; a subject longer than this is cut by readers.
LONGEST = {Channel.LINE: 5000, Channel.WHATSAPP: 1024}
_BUDDHIST_ERA = 543
_OURS = ("long_date", "listed")  # filters that need no more than the value


class MissingVariableError(PermanentError):
    """A variable the template needs has no value, or counts nothing."""


@dataclass(frozen=True)
class Rendered:
    """A message's words: WhatsApp has ``parameters`` only, ``subject`` is email's."""

    text: str = ""
    subject: str = ""
    parameters: tuple[str, ...] = ()


@lru_cache(maxsize=5000)
def _long_date(value: Any, language: str) -> str:
    day = value if isinstance(value, date) else date.fromisoformat(str(value))
    if language == "th":
        # Thai readers expect the Buddhist era, which Babel's Gregorian calendar does not give.
        return f"{format_date(day, 'd MMMM', locale='th')} {day.year + _BUDDHIST_ERA}"
    return format_date(day, "d MMMM y", locale="en_GB")


@lru_cache(maxsize=5000)
def _money(value: Any, currency: str) -> str:
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise MissingVariableError(f"{value!r} is no amount") from error
    return format_currency(amount, currency, locale="en_US", currency_digits=True)


def _listed(values: Iterable[str], language: str) -> str:
    names = list(values)
    return (
        names[0] if len(names) == 1 else f"{', '.join(names[:-1])}{' และ ' if language == 'th' else ' and '}{names[-1]}"
    )


@lru_cache(maxsize=2)
def _environment(language: str) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters["money"] = _money
    environment.filters["long_date"] = lambda value: _long_date(value, language)
    environment.filters["listed"] = lambda values: _listed(values, language)
    return environment


@lru_cache(maxsize=1000)
def _compiled(source: str, language: str) -> Any:
    try:
        template = _environment(language).from_string(source)
    except TemplateError as error:
        raise PermanentError(f"the template is broken: {error}") from error
    template.globals = dict(template.globals)  # copied for every rendering; a chained map takes ten times as long
    return template


def _fill(source: str, variables: Mapping[str, Any], language: str) -> str:
    try:
        return str(_compiled(source, language).render(variables)).strip()
    except TemplateError as error:
        raise MissingVariableError(str(error)) from error
    except (TypeError, ValueError) as error:
        raise MissingVariableError(f"a value does not fit the template: {error}") from error


@lru_cache(maxsize=1000)
def _piped(expression: str, language: str) -> tuple[str, Callable[[Any], str]]:
    """Take ``variable`` or ``variable | filter`` apart: most parameters are no more, and need no template."""
    name, _, filter_name = (part.strip() for part in expression.partition("|"))
    if not filter_name:
        return name, lambda value: value if isinstance(value, str) else _fill("{{ it }}", {"it": value}, language)
    if filter_name in _OURS and name.isidentifier():
        return name, _environment(language).filters[filter_name]
    return "", str


def _parameter(expression: str, variables: Mapping[str, Any], language: str) -> str:
    name, filled = _piped(expression, language)
    if name not in variables:
        return _fill("{{ " + expression + " }}", variables, language)
    try:
        return filled(variables[name]).strip()
    except (TypeError, ValueError) as error:
        raise MissingVariableError(f"a value does not fit the template: {error}") from error


def _is_blank(name: str, value: Any) -> bool:
    return value is None or value in ("", []) or (name.endswith("_count") and value == 0)


def preview(content: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    """Return the text a person reads, on WhatsApp too, where Meta puts it together."""
    return _fill(content["text"], variables, str(content["language"]))


def render(content: Mapping[str, Any], variables: Mapping[str, Any], channel: Channel) -> Rendered:
    """Fill a template. Raises MissingVariableError naming what has no value, PermanentError for a broken template."""
    for name in content["required"]:
        if not variables.get(name) and _is_blank(name, variables.get(name)):
            raise MissingVariableError(f"variable {name} has no value for this person")
    language = str(content["language"])
    if channel is Channel.WHATSAPP:  # Meta has the text; what goes out are its parameters
        return Rendered(parameters=tuple(_parameter(each, variables, language) for each in content["parameters"]))
    text = _fill(content["text"], variables, language)
    subject = _fill(content["subject"], variables, language) if "subject" in content else ""
    if len(text) > LONGEST.get(channel, len(text)):
        raise PermanentError(f"the text has {len(text)} characters, {channel} takes {LONGEST[channel]}")
    return Rendered(text=text, subject=subject)
