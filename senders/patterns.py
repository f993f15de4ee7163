"""Templates of text and variables alone, as most are: filled without the engine, in a quarter of its time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from jinja2 import Environment, TemplateError, nodes
from markupsafe import escape

_Slot = tuple[str, Callable[[Any], Any]]


class Pattern:
    """Text with places to fill; says what Jinja would say, to the letter."""

    __slots__ = ("_in_order", "_slots", "_text", "names")

    def __init__(self, text: str, slots: Sequence[_Slot]) -> None:
        """Take text in the form of ``%`` and, for each place, the variable's name and what makes it text."""
        distinct = list(dict.fromkeys(slots))  # a name said three times is made text once
        self._text, self._slots = text, distinct
        self._in_order: Callable[[Sequence[Any]], Any] = (
            itemgetter(*map(distinct.index, slots)) if slots else lambda _values: ()
        )
        self.names = frozenset(name for name, _ in slots)

    @classmethod
    def of(cls, source: str, environment: Environment, filters: Collection[str]) -> "Pattern | None":
        """Return a template as a pattern, or None when it is more: conditions, calls, filters but ``filters``."""
        try:
            body = environment.parse(source).body
        except TemplateError:
            return None  # Jinja says what is wrong with it
        text, slots = "", []
        for part in (part for each in body for part in (each.nodes if isinstance(each, nodes.Output) else [each])):
            if isinstance(part, nodes.TemplateData):
                text += part.data.replace("%", "%%")
            elif (slot := _slot(part, environment, filters)) is not None:
                text += "%s"
                slots.append(slot)
            else:
                return None
        return cls(text, slots)

    @property
    def size(self) -> int:
        """How many values it takes: one for each name and way of showing it."""
        return len(self._slots)

    def values(self, variables: Mapping[str, Any]) -> list[str]:
        """Return what its places show; every one of ``names`` must be there. Raises what a filter raises."""
        return [form(variables[name]) for name, form in self._slots]

    def put(self, values: Sequence[str]) -> str:
        """Put values into their places."""
        filled: str = self._text % self._in_order(values)
        return filled

    def fill(self, variables: Mapping[str, Any]) -> str:
        """Fill it; every one of ``names`` must be there. Raises what a filter raises."""
        return self.put(self.values(variables))


def _slot(part: nodes.Node, environment: Environment, filters: Collection[str]) -> _Slot | None:
    form: Callable[[Any], Any] = escape if environment.autoescape else str
    if isinstance(part, nodes.Filter) and part.name in filters and not part.args and not part.kwargs:
        shown, filled, part = form, environment.filters[part.name], part.node or part
        form = (lambda value: shown(filled(value))) if environment.autoescape else filled
    return (part.name, form) if isinstance(part, nodes.Name) else None
