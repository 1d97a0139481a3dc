"""The rows of stack records, and of the episodes that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, and_, delete, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from stackproof.drift.difference import Difference
from stackproof.drift.episode import Episode, Run, StackKey, StackRecord
from stackproof.drift.memory.history import Step, advanced
from stackproof.drift.memory.sql_runs import comparable
from stackproof.drift.memory.sql_schema import EPISODES, RECORDS, RUNS

__all__ = [
    "delete_old_episodes",
    "delete_stack",
    "insert_record",
    "last_record",
    "open_episodes",
    "select_episodes",
    "select_records",
    "select_stack_keys",
]

_RECORDS_OF_RUNS = RECORDS.join(RUNS, RUNS.c.number == RECORDS.c.run)


def insert_record(connection: Connection, run: Run, record: StackRecord) -> Step:
    """Insert the record, and bring the episodes of its stack up to date."""
    key = record.stack_key
    newer = connection.execute(
        select(RECORDS.c.document)
        .select_from(_RECORDS_OF_RUNS)
        .where(comparable(run), RECORDS.c.run > run.number, _is_stack(RECORDS, key))
    ).scalars()
    step = advanced(
        select_episodes(connection, *open_episodes(run), _is_stack(EPISODES, key)),
        record,
        run=run.number,
        at=run.started_at,
        newer=[StackRecord.from_dict(document) for document in newer],
    )
    connection.execute(
        insert(RECORDS).values(run=run.number, document=record.to_dict(), filters=record.filters, **_stack_columns(key))
    )
    for episode in (*step.new, *step.lasting, *step.resolved):
        _upsert_episode(connection, run, episode)
    return step


def select_records(connection: Connection, number: int) -> tuple[StackRecord, ...]:
    """The records of a run, by stack."""
    documents = connection.execute(select(RECORDS.c.document).where(RECORDS.c.run == number)).scalars()
    records = (StackRecord.from_dict(document) for document in documents)
    return tuple(sorted(records, key=lambda record: record.stack_key))


def select_stack_keys(connection: Connection, run: Run) -> Mapping[StackKey, frozenset[str]]:
    """The stacks of earlier comparable runs, each with the filters that selected it."""
    columns = (RECORDS.c.account, RECORDS.c.region, RECORDS.c.stack, RECORDS.c.filters)
    query = select(*columns).distinct().select_from(_RECORDS_OF_RUNS).where(_ended_before(run), RECORDS.c.stack != "")
    found: dict[StackKey, set[str]] = {}
    for account, region, stack, filters in connection.execute(query):
        key = StackKey(account=account, region=region, stack_name=stack)
        found.setdefault(key, set()).add(filters)
    return {key: frozenset(filters) for key, filters in found.items()}


def last_record(connection: Connection, run: Run, stack_key: StackKey) -> StackRecord | None:
    """The last record of the stack, of earlier comparable runs, that is readable."""
    documents = connection.execute(
        select(RECORDS.c.document)
        .select_from(_RECORDS_OF_RUNS)
        .where(_ended_before(run), _is_stack(RECORDS, stack_key))
        .order_by(RECORDS.c.run.desc())
    ).scalars()
    records = (StackRecord.from_dict(document) for document in documents)
    return next((record for record in records if not record.is_unreadable), None)


def select_episodes(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Episode, ...]:
    """The episodes that meet all conditions, sorted."""
    found = [_episode(row) for row in connection.execute(select(EPISODES).where(*conditions))]
    return tuple(sorted(found, key=Episode.sort_key))


def open_episodes(run: Run) -> tuple[ColumnElement[bool], ...]:
    """The conditions for episodes of comparable runs that are not resolved."""
    return (
        EPISODES.c.target == run.target,
        EPISODES.c.against == run.against,
        EPISODES.c.resolved_run.is_(None),
    )


def delete_old_episodes(connection: Connection, run: Run, *, before: datetime) -> None:
    """Delete episodes that were resolved before this moment. Open ones stay."""
    connection.execute(
        delete(EPISODES).where(
            EPISODES.c.target == run.target,
            EPISODES.c.against == run.against,
            EPISODES.c.resolved_at.is_not(None),
            EPISODES.c.resolved_at < before,
        )
    )


def delete_stack(connection: Connection, stack_name: str, *, account: str | None, region: str | None) -> int:
    """Delete the episodes and records of a stack and of those nested in it; returns the number of records."""
    connection.execute(delete(EPISODES).where(_in_stack(EPISODES, stack_name, account, region)))
    return connection.execute(delete(RECORDS).where(_in_stack(RECORDS, stack_name, account, region))).rowcount


def _ended_before(run: Run) -> ColumnElement[bool]:
    """Runs that ended before this one started: a later one may have seen stacks that came after this run's list."""
    return and_(comparable(run), RUNS.c.ended_at <= run.started_at)


def _is_stack(table: FromClause, key: StackKey) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _stack_columns(key).items()))


def _in_stack(table: FromClause, stack_name: str, account: str | None, region: str | None) -> ColumnElement[bool]:
    """The stack, or one nested in it. LIKE would ignore case in SQLite."""
    prefix = f"{stack_name}/"
    stack = table.c.stack
    conditions = [or_(stack == stack_name, func.substr(stack, 1, len(prefix)) == prefix)]
    if account is not None:
        conditions.append(table.c.account == account)
    if region is not None:
        conditions.append(table.c.region == region)
    return and_(*conditions)


def _stack_columns(key: StackKey) -> Mapping[str, str]:
    return {"account": key.account, "region": key.region, "stack": key.stack_name}


def _upsert_episode(connection: Connection, run: Run, episode: Episode) -> None:
    changing = {
        "last_run": episode.last_run,
        "last_seen_at": episode.last_seen,
        "changed_at": episode.changed,
        "resolved_run": episode.resolved_run,
        "resolved_at": episode.resolved,
        "scopes": list(episode.scopes),
        "document": episode.difference.to_dict(),
    }
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(EPISODES).values(
        target=run.target,
        against=run.against,
        fingerprint=episode.fingerprint,
        first_run=episode.first_run,
        first_seen_at=episode.since,
        **_stack_columns(episode.stack_key),
        **changing,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[column.name for column in EPISODES.primary_key],
            set_={name: statement.excluded[name] for name in changing},
        )
    )


def _episode(row: Row[Any]) -> Episode:
    return Episode(
        difference=Difference.from_dict(row.document),
        since=row.first_seen_at,
        first_run=row.first_run,
        last_seen=row.last_seen_at,
        last_run=row.last_run,
        scopes=tuple(row.scopes),
        changed=row.changed_at,
        resolved=row.resolved_at,
        resolved_run=row.resolved_run,
    )
