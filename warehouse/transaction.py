"""One transaction, whole or not at all: on a lake another process may commit first, then all of it is done again."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from typing import TypeVar

import duckdb
import stamina

from core.errors import TransientError

T = TypeVar("T")
_ATTEMPTS, _SECONDS = 8, 120.0
_open: ContextVar[frozenset[int]] = ContextVar("connections in a transaction", default=frozenset())


class _ConflictError(Exception):
    """Another process's commit came first."""


def in_transaction(
    connection: duckdb.DuckDBPyConnection,
    work: Callable[[], T],
    *,
    beginning: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> T:
    """Run ``work`` in a transaction and return what it returns; within another one it is part of that.

    What the transaction sees is settled within ``beginning``. After a conflict all of ``work`` runs again, with jitter,
    at most 8 times in two minutes; then TransientError.
    """
    if id(connection) in _open.get():
        return work()
    try:
        for attempt in stamina.retry_context(on=_ConflictError, attempts=_ATTEMPTS, timeout=_SECONDS, wait_max=10):
            with attempt:
                return _once(connection, work, beginning)
    except _ConflictError as error:
        raise TransientError(f"other processes write the same tables, try again later: {error}") from error
    raise AssertionError("unreachable")  # stamina returns or raises


def _once(
    connection: duckdb.DuckDBPyConnection, work: Callable[[], T], beginning: Callable[[], AbstractContextManager[None]]
) -> T:
    token = _open.set(_open.get() | {id(connection)})
    try:
        with beginning():
            connection.execute("begin")
            connection.execute("select count(*) from duckdb_schemas()")  # settles a lake's snapshot
        result = work()
        connection.execute("commit")
    except BaseException as error:
        _roll_back(connection)
        if isinstance(error, duckdb.TransactionException) and "conflict" in str(error).lower():
            raise _ConflictError(str(error)) from error
        raise
    finally:
        _open.reset(token)
    return result


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.TransactionException):  # a commit that failed has rolled back already
        connection.execute("rollback")
