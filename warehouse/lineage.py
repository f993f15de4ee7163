"""Where a number comes from: column by column, read from the SQL of models, metrics and questions."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from core.errors import PermanentError
from warehouse.catalog import MODELS, read_models
from warehouse.measure import read_metrics

# What a value is made of when not of columns.
NOW = "now"
CONSTANT = "constant"


class Source(NamedTuple):
    """A column of a table, ``layer.table``; of no table when it is the build's time or written in the SQL.

    The column ``*`` of a raw table stands for its rows: they were counted.
    """

    table: str
    column: str

    def __str__(self) -> str:
        """Return ``layer.table.column``."""
        return f"{self.table}.{self.column}" if self.table else self.column


def of_query(sql: str) -> dict[str, frozenset[Source]]:
    """Return, for each column of a query over our tables, the columns its values are made of.

    Conditions and joins, which decide which rows there are, are not lineage. Raises PermanentError for SQL that
    cannot be read.
    """
    try:
        query: Any = qualify(
            sqlglot.parse_one(sql, dialect="duckdb").transform(_without_row_numbers),
            schema=_schema(),
            dialect="duckdb",
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
    except sqlglot.errors.SqlglotError as error:
        raise PermanentError(f"its lineage cannot be read: {error}") from error
    parts = _Query(list(traverse_scope(query)))
    return {name: parts.sources(parts.root, name) or frozenset({Source("", CONSTANT)}) for name in query.named_selects}


def _without_row_numbers(node: exp.Expression) -> exp.Expression:
    """DuckDB numbers the rows of a table: of no column, and good for conditions alone."""
    return exp.Literal.number(0) if isinstance(node, exp.Column) and node.name == "rowid" else node


@cache
def of_model(address: str) -> Mapping[str, frozenset[Source]]:
    """Return, for each column of a model (``layer.table``), the columns of other tables it is made of."""
    (model,) = (each for each in read_models() if str(each.address) == address)
    return of_query(model.sql)


@cache
def of_metric(name: str) -> Mapping[str, frozenset[Source]]:
    """Return the same for a metric's columns. Raises PermanentError for a metric that is not there."""
    if name not in read_metrics():
        raise PermanentError(f"no metric is called {name}: there are {', '.join(read_metrics())}")
    return of_query(read_metrics()[name].sql)


def upstream(source: Source) -> frozenset[Source]:
    """Return what a column is made of; nothing for a raw column, the time of the build and a constant."""
    if source.table.startswith(("staging.", "marts.")):
        return of_model(source.table)[source.column]
    return frozenset()


def origins(source: Source) -> frozenset[Source]:
    """Return the raw columns, or else the time or constant, that a column comes down to."""
    above = upstream(source)
    return frozenset(origin for each in above for origin in origins(each)) if above else frozenset({source})


def tree(sources: frozenset[Source], depth: int = 1) -> Iterator[tuple[int, Source]]:
    """Yield (depth, column), each column followed by what it is made of."""
    for source in sorted(sources):
        yield depth, source
        yield from tree(upstream(source), depth + 1)


@cache
def _schema() -> dict[str, Any]:
    """Return the columns of all tables that we write ourselves, for ``*`` and for names without a table."""
    found: dict[str, dict[str, dict[str, str]]] = {"raw": {}, "staging": {}, "marts": {}}
    for model in read_models():
        found[model.address.layer][model.address.table] = dict.fromkeys(model.columns, "unknown")
    for path in (MODELS / "raw").glob("*.sql"):
        columns = (each for each in sqlglot.parse(path.read_text(), dialect="duckdb") if each)
        names = [column.name for statement in columns for column in statement.find_all(exp.ColumnDef)]
        found["raw"][path.stem] = dict.fromkeys(names, "unknown")
    return found


@cache
def _keys() -> dict[str, tuple[str, ...]]:
    return {
        str(model.address): tuple(name.strip() for name in model.unique[0].split(","))
        for model in read_models()
        if model.unique
    }


class _Query:
    """One qualified query, with the sources that each of its parts sees."""

    def __init__(self, scopes: list[Scope]) -> None:
        self.root = scopes[-1]
        self._scope_of = {id(scope.expression): scope for scope in scopes}
        self._found: dict[tuple[int, str], frozenset[Source]] = {}

    def sources(self, scope: Scope, column: str) -> frozenset[Source]:
        """Return what a column of a part of the query is made of."""
        key = (id(scope), column)
        if key not in self._found:
            self._found[key] = frozenset()  # a recursive part ends here
            self._found[key] = frozenset(self._look_up(scope, column))
        return self._found[key]

    def _look_up(self, scope: Scope, column: str) -> Iterator[Source]:
        query: Any = scope.expression
        if isinstance(query, exp.SetOperation):
            position = query.named_selects.index(column)
            for part in scope.set_operation_scopes:
                inner: Any = part.expression
                yield from self.sources(part, inner.named_selects[position])
            return
        for each in query.selects if isinstance(query, exp.Query) else [query]:
            if each.alias_or_name == column or each is query:
                yield from self._of_expression(each, scope)

    def _of_expression(self, expression: Any, scope: Scope) -> Iterator[Source]:
        for node in expression.walk():
            inside = self._scope_of.get(id(node.parent_select), scope)
            if isinstance(node, exp.Column):
                yield from self._of_column(node, inside)
            elif isinstance(node, exp.Star) and isinstance(node.parent, exp.Count):
                yield from self._rows(inside)
            elif isinstance(node, exp.Anonymous) and node.name.lower() == "getvariable":
                yield Source("", NOW)

    def _of_column(self, column: exp.Column, scope: Scope) -> Iterator[Source]:
        name = column.table
        if not name and len(scope.selected_sources) == 1:  # a raw table, whose columns are its pipeline's affair
            (name,) = scope.selected_sources
        if name in scope.sources:
            yield from self._of_source(scope.sources[name], column.name)
        elif not _is_variable(column):
            raise PermanentError(f"nobody can tell what {column.sql()} is: say from which table it comes")

    def _of_source(self, source: Any, column: str) -> Iterator[Source]:
        if isinstance(source, Scope):
            yield from self.sources(source, column)
        elif isinstance(source, exp.Table) and source.db:
            yield Source(f"{source.db}.{source.name}", column)

    def _rows(self, scope: Scope) -> Iterator[Source]:
        """Say whose rows are counted, by their key."""
        for _, source in scope.selected_sources.values():
            if isinstance(source, Scope):
                for part in source.set_operation_scopes or [source]:
                    yield from self._rows(part)
            elif source.db:
                table = f"{source.db}.{source.name}"
                yield from (Source(table, column) for column in _keys().get(table, ("*",)))


def _is_variable(column: exp.Column) -> bool:
    """Say whether a name is what a lambda calls its argument."""
    around = column.find_ancestor(exp.Lambda)
    return around is not None and column.name in {argument.name for argument in around.expressions}
