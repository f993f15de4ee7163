"""A rule tree becomes one DuckDB query: each table is read once, whatever the number of clauses about it.

First ``facts``: one row per active contact (and subject), with the value (``v1`` …) and the verdict (``c1`` …) of every
clause. Then the tree over the verdicts picks the members. ``getvariable('now')`` is the moment asked about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from campaigns.rules.catalogue import Collection, read_catalogue
from campaigns.rules.conditions import NOW, comparison, field_condition, row_condition
from campaigns.rules.tree import AggregateClause, Clause, Definition, FieldClause, Group, Node, SegmentClause
from campaigns.rules.words import sentence
from core.errors import PermanentError

# From a segment's id to its rules, or to its SQL where it is written as SQL.
FindSegment = Callable[[str], "Definition | str"]


@dataclass(frozen=True)
class Leaf:
    """One clause of the tree: its columns are ``c{number}`` and ``v{number}`` of ``facts``.

    ``within``: the groups it stands in below the root, each with whether a ``not`` stands above it.
    """

    number: int
    clause: Clause
    is_negated: bool
    within: tuple[tuple[Group, bool], ...]


@dataclass(frozen=True)
class Compiled:
    """A definition as SQL. ``members`` has ``contact_id, company_id, subject_type, subject_id, step, reason``.

    ``explain`` has, for ``$contact_id``: ``contact_id, subject_type, subject_id, is_in`` and by ``leaves`` ``c1, v1 …``
    and ``d1 …``: whether the clause is one of those that decided. Each group it stands in came out as the whole did.
    ``tables``: the marts it reads.
    """

    members: str
    explain: str
    parameters: dict[str, Any]
    member_parameters: dict[str, Any]
    leaves: tuple[Leaf, ...]
    tables: frozenset[str]


@dataclass
class _Parts:
    """What several definitions compiled into one query share: parameters, tables read, segments on the way down."""

    find: FindSegment
    parameters: dict[str, Any] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)

    def parameter(self, value: Any) -> str:
        name = f"p{len(self.parameters) + 1}"
        self.parameters[name] = value
        return f"${name}"

    def table(self, collection: Collection) -> str:
        self.tables.add(collection.table)
        return collection.table


def with_contacts(subjects: str) -> str:
    """Return the contacts that a segment's SQL means, to stand after ``from``: rows ``subject`` and ``contact``.

    All active contacts of the company, or the one that its column ``contact_id`` names, where it has one.
    """
    return f"""(
        select * from (\n{subjects}\n) union all by name select null::varchar as contact_id where false
    ) as subject
    inner join marts.contacts as contact
        on contact.company_id = subject.company_id and contact.is_active
        and contact.contact_id = coalesce(subject.contact_id, contact.contact_id)"""  # noqa: S608 -- as above


def compile_definition(definition: Definition, find: FindSegment) -> Compiled:
    """Compile a definition. Raises PermanentError for an unknown segment in it, or one that contains itself."""
    parts = _Parts(find)
    query = _Query(definition, parts, (definition.segment_id,))
    reasons = {f"t{leaf.number}": _said(leaf) for leaf in query.leaves}
    shown = ", ".join(
        f"case when {' and '.join(query.came_out(leaf))} then $t{leaf.number} || {_value(leaf)} end"
        for leaf in query.leaves
    )
    members = (
        f"with {query.ctes}\nselect contact_id, company_id, subject_type, subject_id, $step::varchar as step, "
        f"concat_ws('; ', {shown}) as reason\nfrom facts\nwhere {query.verdict}"
    )
    columns = "".join(
        f", c{leaf.number}, v{leaf.number}::varchar as v{leaf.number}, "
        f"{' and '.join(f'({each}) = {query.verdict}' for each in query.came_out(leaf))} as d{leaf.number}"
        for leaf in query.leaves
    )
    explain = (
        f"with {query.ctes}\nselect contact_id, subject_type, subject_id, {query.verdict} as is_in{columns}\n"
        "from facts where contact_id = $contact_id order by is_in desc, subject_id"
    )
    return Compiled(
        members=members,
        explain=explain,
        parameters=parts.parameters,
        member_parameters={**parts.parameters, **reasons, "step": definition.step},
        leaves=query.leaves,
        tables=frozenset(parts.tables),
    )


class _Query:
    """One definition's common table expressions, and the tree over its verdicts."""

    def __init__(self, definition: Definition, parts: _Parts, path: tuple[str, ...]) -> None:
        self.definition = definition
        self.parts = parts
        self.path = path
        tree = definition.where
        self.subject = definition.subject
        if self.subject is not None:
            tree = Group("all", (self.subject.where, tree))
        self.leaves = tuple(Leaf(number, *found) for number, found in enumerate(_clauses(tree), 1))
        self._numbers = {id(leaf.clause): leaf.number for leaf in self.leaves}
        self.verdict = self._tree(tree)
        self._columns: list[str] = []
        self._ctes: list[str] = []
        self._joined: dict[str, str] = {}
        self._aggregates: dict[str, list[tuple[int, AggregateClause]]] = {}
        for leaf in self.leaves:
            if isinstance(leaf.clause, AggregateClause):
                self._aggregates.setdefault(leaf.clause.collection.name, []).append((leaf.number, leaf.clause))
        for clauses in self._aggregates.values():
            self._count(clauses)
        for leaf in self.leaves:
            value, test = self._leaf(leaf)
            self._columns.append(f"{value} as v{leaf.number}, coalesce({test}, false) as c{leaf.number}")
        self.ctes = ",\n".join([*self._ctes, self._facts()])

    def came_out(self, leaf: Leaf) -> list[str]:
        """Return the verdicts of a clause and of the groups it stands in, as seen from above every ``not``."""
        groups = (f"{'not ' * is_negated}{self._tree(group)}" for group, is_negated in leaf.within)
        return [f"{'not ' * leaf.is_negated}c{leaf.number}", *groups]

    def _tree(self, node: Node) -> str:
        if not isinstance(node, Group):
            return f"c{self._numbers[id(node)]}"
        if node.kind == "not":
            return f"not {self._tree(node.parts[0])}"
        return "(" + (" and " if node.kind == "all" else " or ").join(map(self._tree, node.parts)) + ")"

    def _leaf(self, leaf: Leaf) -> tuple[str, str]:
        """Return a clause's value and its test."""
        clause = leaf.clause
        if isinstance(clause, SegmentClause):
            name = f"segment_{leaf.number}"
            self._ctes.append(f"{name} as ({self._other(clause)})")
            return "null", f"contact.contact_id in (from {name})"
        if isinstance(clause, FieldClause):
            alias = self._alias(clause.collection)
            return f"{alias}.{clause.field.column}", field_condition(clause, alias, self.parts.parameter)
        value = f"counted_{clause.collection.name}.a{leaf.number}"
        if clause.function in ("count", "sum"):
            value = f"coalesce({value}, 0)"
        return value, comparison(value, clause.operator, clause.value, "number", self.parts.parameter)

    def _alias(self, collection: Collection) -> str:
        if collection.name == "contact":
            return "contact"
        if self.subject is not None and collection is self.subject.collection:
            return "subject"
        on = f"{collection.name}.{collection.key} = contact.{collection.key}"
        self._joined[collection.name] = f"left join {self.parts.table(collection)} as {collection.name} on {on}"
        return collection.name

    def _count(self, clauses: list[tuple[int, AggregateClause]]) -> None:
        """Count and sum all that is asked of one table, in one reading of it."""
        collection = clauses[0][1].collection
        conditions = {number: self._rows(clause) for number, clause in clauses}
        is_alone = len(clauses) == 1  # then `where` says it all
        columns = ", ".join(
            f"{_function(clause)}{'' if is_alone else _filter(conditions[number])} as a{number}"
            for number, clause in clauses
        )
        wanted = [collection.only.format(row="entry")] if collection.only else []
        if all(conditions.values()):  # rows that no clause asks for need not be grouped
            wanted.append("(" + " or ".join(dict.fromkeys(conditions.values())) + ")")
        where = f" where {' and '.join(wanted)}" if wanted else ""
        name = f"counted_{collection.name}"
        self._ctes.append(
            f"{name} as (select {collection.key}, {columns} from {self.parts.table(collection)} as entry"  # noqa: S608
            f"{where} group by {collection.key})"
        )
        self._joined[name] = f"left join {name} on {name}.{collection.key} = contact.{collection.key}"

    def _rows(self, clause: AggregateClause) -> str:
        wanted = []
        if clause.days is not None:
            time, days = f"entry.{clause.collection.time}", self.parts.parameter(clause.days)
            wanted.append(f"{time} > {NOW} - to_days({days}::integer) and {time} <= {NOW}")
        if clause.currency is not None:
            wanted.append(f"entry.currency = {self.parts.parameter(clause.currency)}")
        trees = [tree for tree in (clause.implied, clause.where) if tree is not None]
        wanted.extend(row_condition(tree, "entry", self.parts.parameter) for tree in trees)
        return " and ".join(wanted)

    def _other(self, clause: SegmentClause) -> str:
        """Return the contacts of another segment, whatever its subjects."""
        if clause.segment_id in self.path:
            way = " → ".join((*self.path, clause.segment_id))
            raise PermanentError(f"{clause.place}: a segment cannot contain itself ({way})")
        try:
            found = self.parts.find(clause.segment_id)
        except PermanentError as error:
            raise PermanentError(f"{clause.place}: {error}") from error
        if isinstance(found, str):
            return f"select contact.contact_id from {with_contacts(found)}"  # noqa: S608 -- a file of ours, checked in
        query = _Query(found, self.parts, (*self.path, clause.segment_id))
        return f"with {query.ctes} select contact_id from facts where {query.verdict}"  # noqa: S608 -- columns of ours

    def _facts(self) -> str:
        contact = read_catalogue()["contact"]
        about = "'contact' as subject_type, contact.contact_id as subject_id"
        joins = list(self._joined.values())
        if self.subject is not None:
            owner = self.subject.collection
            about = f"'{owner.subject_type}' as subject_type, subject.{owner.subject} as subject_id"
            only = f" and {owner.only.format(row='subject')}" if owner.only else ""
            joins.insert(
                0,
                f"inner join {self.parts.table(owner)} as subject on subject.{owner.key} = contact.{owner.key}{only}",
            )
        lines = "\n".join([f"from {self.parts.table(contact)} as contact", *joins, "where contact.is_active"])
        columns = ",\n".join(["contact.contact_id, contact.company_id", about, *self._columns])
        return f"facts as (select {columns}\n{lines})"


_Found = tuple[Clause, bool, tuple[tuple[Group, bool], ...]]


def _clauses(node: Node, within: tuple[tuple[Group, bool], ...] = (), *, is_negated: bool = False) -> Iterator[_Found]:
    if not isinstance(node, Group):
        yield node, is_negated, within
        return
    is_below = is_negated != (node.kind == "not")
    for part in node.parts:
        inner = (*within, (part, is_below)) if isinstance(part, Group) else within
        yield from _clauses(part, inner, is_negated=is_below)


def _function(clause: AggregateClause) -> str:
    return f"{clause.function}({'*' if clause.field is None else f'entry.{clause.field.column}'})"


def _filter(condition: str) -> str:
    return f" filter (where {condition})" if condition else ""


def _said(leaf: Leaf) -> str:
    return f"not: {sentence(leaf.clause)}" if leaf.is_negated else sentence(leaf.clause)


def _value(leaf: Leaf) -> str:
    if isinstance(leaf.clause, SegmentClause):
        return "''"
    return f"' [' || coalesce(v{leaf.number}::varchar, 'not known') || ']'"
