"""Rendering: a sandboxed Jinja2, and no blank ever: a variable without a value stops the message with a reason."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.errors import PermanentError
from core.vocabulary import Channel
from senders.patterns import Pattern

# LINE counts UTF-16 units; WhatsApp limits a template's body; a subject longer than this is cut by readers.
LONGEST = {Channel.LINE: 5000, Channel.WHATSAPP: 1024}
LONGEST_ANSWER = {Channel.LINE: 5000, Channel.WHATSAPP: 4096, Channel.EMAIL: 20_000}  # in words of one of ours
_BUDDHIST_ERA = 543
_OURS = ("long_date", "listed")  # filters that need no more than the value


class MissingVariableError(PermanentError):
    """A variable the template needs has no value, or counts nothing."""


class Rendered(NamedTuple):
    """A message's words: WhatsApp has ``parameters`` only, ``subject`` and ``html`` are email's, ``flex`` is LINE's.

    ``html`` is empty where the house's own page is used; ``flex`` is a whole message, None where there is text alone.
    """

    text: str = ""
    subject: str = ""
    parameters: tuple[str, ...] = ()
    html: str = ""
    flex: dict[str, Any] | None = None


def utf16_units(text: str) -> int:
    """Count as LINE does: what lies beyond the first 65,536 characters, such as most emoji, is two."""
    return len(text) + sum(char > "\uffff" for char in text)


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


@lru_cache(maxsize=4)
def environment(language: str, *, is_html: bool = False) -> ImmutableSandboxedEnvironment:
    """Return the sandbox a language's templates are filled in, with its formats of dates, lists and money."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=is_html)
    environment.filters["money"] = _money
    environment.filters["long_date"] = lambda value: _long_date(value, language)
    environment.filters["listed"] = lambda values: _listed(values, language)
    return environment


@lru_cache(maxsize=1000)
def _compiled(source: str, language: str, *, is_html: bool = False) -> Any:
    try:
        template = environment(language, is_html=is_html).from_string(source)
    except TemplateError as error:
        raise PermanentError(f"the template is broken: {error}") from error
    template.globals = dict(template.globals)  # copied for every rendering; a chained map takes ten times as long
    return template


@lru_cache(maxsize=1000)
def _pattern(source: str, language: str, *, is_html: bool = False) -> Pattern | None:
    return Pattern.of(source, environment(language, is_html=is_html), _OURS)


def _fill(source: str, variables: Mapping[str, Any], language: str, *, is_html: bool = False) -> str:
    try:
        pattern = _pattern(source, language, is_html=is_html)
        if pattern is not None and pattern.names <= variables.keys():
            return pattern.fill(variables).strip()
        return str(_compiled(source, language, is_html=is_html).render(variables)).strip()
    except TemplateError as error:
        raise MissingVariableError(str(error)) from error
    except (TypeError, ValueError) as error:
        raise MissingVariableError(f"a value does not fit the template: {error}") from error


def _parameter(expression: str, language: str) -> Callable[[Mapping[str, Any]], str]:
    """Return what fills ``variable`` or ``variable | filter``: most parameters are no more, and need no template."""
    name, _, filter_name = (part.strip() for part in expression.partition("|"))
    filled = environment(language).filters[filter_name] if filter_name in _OURS else None

    def fill(variables: Mapping[str, Any]) -> str:
        value = variables.get(name)
        if isinstance(value, str) and not filter_name:
            return value.strip()
        if value is None or filled is None:
            return _fill("{{ " + expression + " }}", variables, language)
        try:
            return str(filled(value)).strip()
        except (TypeError, ValueError) as error:
            raise MissingVariableError(f"a value does not fit the template: {error}") from error

    return fill


def _fill_all(part: Any, variables: Mapping[str, Any], language: str) -> Any:
    """Fill every text of a structure, as deep as it is."""
    if isinstance(part, str):
        return _fill(part, variables, language) if "{" in part else part
    if isinstance(part, Mapping):
        return {name: _fill_all(value, variables, language) for name, value in part.items()}
    if isinstance(part, list):
        return [_fill_all(each, variables, language) for each in part]
    return part


def _is_blank(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    if isinstance(value, list):
        return not value or any(_is_blank("", each) for each in value)
    return value is None or (value == 0 and name.endswith("_count"))


def preview(content: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    """Return the text a person reads, on WhatsApp too, where Meta puts it together."""
    return _fill(content["text"], variables, str(content["language"]))


class Template:
    """A stored template for one channel, taken apart once for all its messages; ``button`` has a label and a url."""

    def __init__(self, content: Mapping[str, Any], channel: Channel) -> None:
        # Asked once: Python 3.11 takes a microsecond to look a member of an enumeration up.
        self.is_personal = bool(content.get("is_personal"))  # one person's words to another
        self.is_named, self.is_line = channel is Channel.WHATSAPP and not self.is_personal, channel is Channel.LINE
        self._channel, self._language = channel, str(content["language"])
        self.name: str = content["name"] if self.is_named else ""
        self.button: Mapping[str, str] | None = content.get("button")
        self._content, self._required = content, tuple(content["required"])
        # Meta has WhatsApp's text; what goes out are its parameters
        expressions = content["parameters"] if self.is_named else ()
        self._parameters = [_parameter(each, self._language) for each in expressions]

    def require(self, variables: Mapping[str, Any]) -> None:
        """Raise MissingVariableError naming what has no value."""
        for name in self._required:
            if _is_blank(name, variables.get(name)):
                raise MissingVariableError(f"variable {name} has no value for this person")

    def subject(self, variables: Mapping[str, Any]) -> str:
        """Fill the subject; empty where there is none."""
        content = self._content
        return _fill(content["subject"], variables, self._language) if "subject" in content else ""

    def patterns(self) -> tuple[Pattern, Pattern | None] | None:
        """Return text and page (None: the house's own) where both are text and variables alone."""
        text, html = self._content["text"], self._content.get("html")
        words = _pattern(text, self._language)
        page = _pattern(html, self._language, is_html=True) if html else None
        return None if words is None or (html and page is None) else (words, page)

    def render(self, variables: Mapping[str, Any], button_url: str = "") -> Rendered:
        """Fill it. Raises MissingVariableError naming what has no value, PermanentError for a broken template.

        ``button_url`` is the tracked address that a page or a Flex message of its own may lead to.
        """
        self.require(variables)
        if self.is_named:
            return Rendered("", "", tuple([fill(variables) for fill in self._parameters]))
        content = self._content
        text, subject = _fill(content["text"], variables, self._language), self.subject(variables)
        if self.is_line and (length := utf16_units(text)) > LONGEST[Channel.LINE]:
            raise PermanentError(f"the text has {length} characters, line takes {LONGEST[Channel.LINE]}")
        html, flex = content.get("html"), content.get("flex")
        if html is None and flex is None:
            return Rendered(text, subject)
        linked = {**variables, "button_url": button_url}
        page = _fill(html, linked, self._language, is_html=True) if html else ""
        return Rendered(text, subject, (), page, _fill_all(flex, linked, self._language) if flex else None)
