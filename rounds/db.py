"""A shared row lock and a consistent snapshot, which Django's ORM has no calls for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def lock_shared(queryset: "models.QuerySet[M]") -> M | None:
    """The one row of `queryset`, locked against change but not against other readers who lock it the same way.

    Many submits hold this lock on a round at once, while a move of the round waits for them. SQLite runs its immediate
    transactions one after the other anyway, so there the row is simply read.
    """
    if connection.vendor != "postgresql":
        return queryset.first()
    sql, params = queryset.order_by().query.sql_with_params()
    table = queryset.model._meta.db_table
    return next(iter(queryset.model._default_manager.raw(f'{sql} FOR SHARE OF "{table}"', params)), None)


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads inside it see the database as of one moment, however long they take, and block nobody.

    Django's own transactions would not do: SQLite's take the write lock here, and PostgreSQL's see what others commit
    meanwhile. Inside a transaction that is open already, it is that transaction's view. Nothing can be written.
    """
    if connection.in_atomic_block:
        yield
        return
    repeatable = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(repeatable if connection.vendor == "postgresql" else "BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
