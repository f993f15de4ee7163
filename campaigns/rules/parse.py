"""Reading a definition: everything wrong with it is named at once, with its place and what was probably meant.

A place is the way down the tree, parts counted from 1: ``where.all[2].count.where.any[1]``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from campaigns.rules.catalogue import Collection, Field, person_fields, read_catalogue, rows_collections
from campaigns.rules.tree import AggregateClause, Definition, FieldClause, Group, Node, SegmentClause, Subject
from campaigns.rules.values import near, number, read_value, whole
from core.errors import PermanentError

KnownValues = Callable[[Collection, Field], Iterable[str] | None]
_FACTS = {"segment_id", "name", "name_th", "description", "version", "step", "subject", "where"}
_NEEDED = ("segment_id", "name", "name_th", "version", "where")
_GROUPS = ("all", "any", "not")
_FUNCTIONS = ("count", "sum", "max", "min")
_KINDS = (*_GROUPS, "field", "did", "has", *_FUNCTIONS, "segment", "window_open")
_COMPARES = ("is", "is_not", "above", "at_least", "below", "at_most", "between")
# What a person does. Machines open and click too: of those two only a person's count.
_ACTS = ("opened", "clicked", "replied", "followed", "blocked", "unsubscribed", "resubscribed", "complained")
_MOST_DEPTH = 12


def nothing_known(_collection: Collection, _field: Field) -> None:
    """Know no words of the data: any word is taken for a field whose values are those."""


def parse(text: str, origin: str, known: KnownValues = nothing_known) -> Definition:
    """Read a definition from YAML. Raises PermanentError listing every mistake.

    ``origin`` names it in messages; ``known`` gives the words found in the data, for fields whose values are those.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PermanentError(f"{origin}: this is no YAML: {error}") from error
    return read_definition(content, origin, known)


def read_definition(content: Any, origin: str, known: KnownValues = nothing_known) -> Definition:
    """Read a definition from a mapping; see ``parse``."""
    if not isinstance(content, Mapping):
        raise PermanentError(f"{origin}: a segment is a mapping with {', '.join(_NEEDED)}")
    reader = _Reader(known)
    definition = reader.definition(dict(content))
    if reader.mistakes or definition is None:
        raise PermanentError("\n".join(f"{origin}: {mistake}" for mistake in reader.mistakes))
    return definition


class _Reader:
    """Walks a tree and gathers mistakes; a part that is wrong is read as None."""

    def __init__(self, known: KnownValues) -> None:
        self.known = known
        self.mistakes: list[str] = []

    def wrong(self, place: str, mistake: str) -> None:
        self.mistakes.append(f"{place}: {mistake}")

    def definition(self, content: dict[str, Any]) -> Definition | None:
        for name in sorted(map(str, content.keys() - _FACTS)):
            self.wrong(name, f"a segment has no {name!r}: {near(name, _FACTS)}")
        for name in _NEEDED:
            if name not in content:
                self.wrong(name, "this is missing")
        segment_id = str(content.get("segment_id", ""))
        if not re.fullmatch(r"[a-z][a-z0-9_]*", segment_id):
            self.wrong("segment_id", f"{segment_id!r} must be small letters, digits and _")
        version = self.checked("version", lambda: whole(content.get("version"), least=1, most=1_000_000))
        subject = self.subject(content["subject"]) if "subject" in content else None
        where = self.node(content.get("where"), "where", None)
        if self.mistakes or where is None or version is None:
            return None
        return Definition(
            segment_id=segment_id,
            name=str(content["name"]),
            name_th=str(content["name_th"]),
            description=str(content.get("description", "")),
            version=version,
            step=str(content.get("step", segment_id)),
            where=where,
            subject=subject,
        )

    def subject(self, content: Any) -> Subject | None:
        subjects = {each.subject_type: each for each in read_catalogue().values() if each.subject_type}
        if not isinstance(content, Mapping) or content.keys() != {"of", "where"}:
            self.wrong("subject", f"a subject has `of` (one of {', '.join(sorted(map(str, subjects)))}) and `where`")
            return None
        collection = subjects.get(content["of"])
        if collection is None:
            self.wrong(
                "subject.of", f"nothing is about {content['of']!r}: {near(str(content['of']), map(str, subjects))}"
            )
            return None
        where = self.node(content["where"], "subject.where", collection)
        return None if where is None else Subject(collection, where)

    def node(self, content: Any, place: str, collection: Collection | None, depth: int = 0) -> Node | None:
        """Read a group or a clause; within ``collection`` only its fields can be asked, else everything."""
        if depth > _MOST_DEPTH:
            self.wrong(place, f"deeper than {_MOST_DEPTH} groups: make parts of it segments of their own")
            return None
        if not isinstance(content, Mapping):
            self.wrong(place, f"a clause is needed, not {content!r}")
            return None
        kinds = [kind for kind in _KINDS if kind in content]
        if collection is not None:
            kinds = [kind for kind in kinds if kind in (*_GROUPS, "field")]
        if not kinds:
            self.wrong(place, self.no_kind(content, collection))
            return None
        kind = kinds[0]
        if kind in _GROUPS:
            return self.group(kind, content, place, collection, depth)
        if kind == "field":
            return self.field(content, place, collection)
        if kind == "segment":
            self.only(content, {"segment"}, place)
            return SegmentClause(place, str(content["segment"]))
        if kind == "window_open":
            return self.window(content, place)
        return self.aggregate(kind, content, place)

    def no_kind(self, content: Mapping[str, Any], collection: Collection | None) -> str:
        allowed = (*_GROUPS, "field") if collection else _KINDS
        first = str(next(iter(content), ""))
        if first in _KINDS:
            return (
                f"{first!r} cannot stand within {collection.name if collection else ''}: there are {', '.join(allowed)}"
            )
        return f"{first!r} is no kind of clause: {near(first, allowed)}"

    def group(
        self, kind: str, content: Mapping[str, Any], place: str, collection: Collection | None, depth: int
    ) -> Group | None:
        self.only(content, {kind}, place)
        inner = f"{place}.{kind}"
        if kind == "not":
            part = self.node(content["not"], inner, collection, depth + 1)
            return None if part is None else Group("not", (part,))
        if not isinstance(content[kind], list) or not content[kind]:
            self.wrong(inner, "a list of clauses is needed")
            return None
        parts = [
            self.node(each, f"{inner}[{number_}]", collection, depth + 1)
            for number_, each in enumerate(content[kind], 1)
        ]
        return Group(kind, tuple(part for part in parts if part is not None))

    def field(self, content: Mapping[str, Any], place: str, collection: Collection | None) -> FieldClause | None:
        fields = person_fields() if collection is None else collection.fields
        name = str(content["field"])
        if name not in fields:
            self.wrong(place, f"there is no field {name!r}: {near(name, fields)}")
            return None
        field = fields[name]
        owner = collection or read_catalogue()[name.partition(".")[0]]
        found = self.comparison(content, {"field", "currency"}, field, place, self.known(owner, field))
        currency = self.currency(content, field, place)
        if found is None:
            return None
        return FieldClause(place, owner, field, *found, currency=currency)

    def comparison(
        self,
        content: Mapping[str, Any],
        beside: set[str],
        field: Field,
        place: str,
        known: Iterable[str] | None = None,
        default: tuple[str, Any] | None = None,
    ) -> tuple[str, Any] | None:
        """Read the one operator of a clause and its value."""
        given = [str(name) for name in content if name not in beside]
        if not given and default is not None:
            return default
        for name in given:
            if name not in field.operators:
                self.wrong(place, f"{field.name or 'this'} cannot be asked {name!r}: {near(name, field.operators)}")
                return None
        if len(given) != 1:
            self.wrong(place, f"one comparison is needed, of {', '.join(field.operators)}; there are {len(given)}")
            return None
        value = self.checked(f"{place}.{given[0]}", lambda: read_value(field, given[0], content[given[0]], known))
        return None if value is None else (given[0], value)

    def currency(self, content: Mapping[str, Any], field: Field | None, place: str) -> str | None:
        given = content.get("currency")
        is_money = field is not None and field.type == "money" and "is_known" not in content
        if is_money and given not in ("THB", "USD"):
            self.wrong(place, "money is compared in one currency: add `currency: THB` or `currency: USD`")
        elif not is_money and given is not None:
            self.wrong(place, "a currency goes with an amount of money only")
        return given if is_money else None

    def window(self, content: Mapping[str, Any], place: str) -> AggregateClause | None:
        self.only(content, {"window_open"}, place)
        conversations = rows_collections()["conversations"]
        channel = self.checked(place, lambda: read_value(conversations.fields["channel"], "is", content["window_open"]))
        inner = f"{place}.window_open"
        implied = Group(
            "all",
            (
                FieldClause(inner, conversations, conversations.fields["channel"], "is", channel),
                FieldClause(inner, conversations, conversations.fields["window_open_until"], "in_future", value=True),
            ),
        )
        return AggregateClause(
            place, "count", conversations, "at_least", number(1), implied=implied, word=f"{channel} window open"
        )

    def aggregate(self, kind: str, content: Mapping[str, Any], place: str) -> AggregateClause | None:
        collections = rows_collections()
        name, _, field_name = str(content[kind]).partition(".")
        acts = None
        if kind == "did":
            if content[kind] not in _ACTS:
                self.wrong(place, f"nobody does {content[kind]!r}: {near(str(content[kind]), _ACTS)}")
                return None
            name, field_name, acts = "events", "", str(content[kind])
        if name not in collections:
            self.wrong(place, f"there are no {name!r} to ask about: {near(name, collections)}")
            return None
        collection, field = collections[name], None
        if kind in ("sum", "max", "min"):
            numeric = {key: each for key, each in collection.fields.items() if each.type in ("number", "money")}
            if field_name not in numeric:
                known = [f"{name}.{key}" for key in numeric]
                self.wrong(
                    place,
                    f"{kind} takes a field with numbers, not {content[kind]!r}: {near(str(content[kind]), known)}",
                )
                return None
            field = numeric[field_name]
        elif field_name:
            self.wrong(place, f"{kind} takes {name!r}, without a field")
            return None
        return self.counted(kind, content, place, collection, field, acts)

    def counted(
        self,
        kind: str,
        content: Mapping[str, Any],
        place: str,
        collection: Collection,
        field: Field | None,
        acts: str | None,
    ) -> AggregateClause | None:
        function = kind if kind in _FUNCTIONS else "count"
        asked = Field(field.name if field else kind, "", "number", "", "", _COMPARES)
        default = ("at_least", number(1)) if kind in ("has", "did") else None
        found = self.comparison(content, {kind, "where", "days", "currency"}, asked, place, default=default)
        currency = self.currency(content, field, place)
        days = None
        if "days" in content:
            days = self.checked(f"{place}.days", lambda: whole(content["days"], least=1, most=36_500))
        where = None
        if "where" in content:
            where = self.node(content["where"], f"{place}.{kind}.where", collection)
        if found is None:
            return None
        implied = _of_acts(acts, collection, place) if acts else None
        return AggregateClause(place, function, collection, *found, field, where, days, currency, implied, acts or "")

    def only(self, content: Mapping[str, Any], allowed: set[str], place: str) -> None:
        for name in sorted(map(str, content.keys() - allowed)):
            self.wrong(place, f"{name!r} does not belong beside {', '.join(sorted(allowed))}")

    def checked(self, place: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except ValueError as error:
            self.wrong(place, str(error))
            return None


def _of_acts(acts: str, events: Collection, place: str) -> Node:
    # WhatsApp calls an open a read; opens and clicks of machines are no acts.
    kinds = ["opened", "read"] if acts == "opened" else [acts]
    parts: list[Node] = [FieldClause(place, events, events.fields["event_type"], "in", kinds)]
    if acts in ("opened", "clicked"):
        parts.append(FieldClause(place, events, events.fields["actor"], "is", "human"))
    return Group("all", tuple(parts))
