"""The rows of runs, and the store's own row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, select, update

from stackproof.core.errors import StoreError
from stackproof.drift.episode import Outcome, Run, RunScope
from stackproof.drift.memory.sql_schema import RUNS, STORE

__all__ = [
    "comparable",
    "delete_old_runs",
    "delete_unfinished_run",
    "finish_run",
    "insert_run",
    "previous_run",
    "select_runs",
    "store_salt",
]


def store_salt(connection: Connection) -> str:
    """The store's random text for hashes."""
    return str(_store_row(connection).salt)


def comparable(run: Run) -> ColumnElement[bool]:
    """The condition for runs of the same target and expectation."""
    return and_(RUNS.c.target == run.target, RUNS.c.against == run.against)


def insert_run(connection: Connection, run: Run) -> int:
    """Insert a run that has started; returns its number."""
    number = int(_store_row(connection).next_run)
    connection.execute(update(STORE).values(next_run=number + 1))
    connection.execute(
        insert(RUNS).values(
            number=number,
            target=run.target,
            against=run.against,
            started_at=run.started_at,
            tool=run.tool,
            scope=run.scope.to_dict(),
        )
    )
    return number


def delete_unfinished_run(connection: Connection, number: int) -> None:
    """Delete a run that has not ended; its number is used again unless another run has started since."""
    connection.execute(delete(RUNS).where(RUNS.c.number == number, RUNS.c.ended_at.is_(None)))
    connection.execute(
        update(STORE)
        .where(STORE.c.next_run == number + 1, ~exists(select(RUNS.c.number).where(RUNS.c.number == number)))
        .values(next_run=number)
    )


def previous_run(connection: Connection, run: Run) -> int | None:
    """The last comparable run before this one that ended."""
    query = select(func.max(RUNS.c.number)).where(
        comparable(run), RUNS.c.number < run.number, RUNS.c.ended_at.is_not(None)
    )
    number = connection.execute(query).scalar_one()
    return int(number) if number is not None else None


def finish_run(connection: Connection, run: Run, *, ended_at: datetime) -> None:
    """Set the end of a run, and its outcome."""
    outcome = run.outcome.to_dict() if run.outcome else None
    connection.execute(update(RUNS).where(RUNS.c.number == run.number).values(ended_at=ended_at, outcome=outcome))


def delete_old_runs(connection: Connection, run: Run, *, before: datetime) -> None:
    """Delete comparable runs that started before this moment, with their records."""
    connection.execute(delete(RUNS).where(comparable(run), RUNS.c.started_at < before, RUNS.c.number != run.number))


def select_runs(connection: Connection) -> tuple[Run, ...]:
    """All runs by number."""
    return tuple(_run(row) for row in connection.execute(select(RUNS).order_by(RUNS.c.number)))


def _store_row(connection: Connection) -> Row[Any]:
    row = connection.execute(select(STORE)).first()
    if row is None:
        raise StoreError("is damaged: a row is missing")
    return row


def _run(row: Row[Any]) -> Run:
    return Run(
        number=row.number,
        target=row.target,
        against=row.against,
        started_at=row.started_at,
        ended_at=row.ended_at,
        tool=row.tool,
        scope=RunScope.from_dict(row.scope),
        outcome=Outcome.from_dict(row.outcome) if row.outcome else None,
    )
