"""The memory of audits, in a SQLite file or in PostgreSQL: implements `ports.AuditStore` with SQLAlchemy.

A writer holds the one lock of the store, for one transaction. A run is recorded whole or not at all, also if the
process is killed meanwhile; of two runs that write at once the second waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from stackproof.drift.episode import Episode, Memory, Run, StackKey, StackRecord
from stackproof.drift.memory import sql_alarms, sql_records, sql_runs
from stackproof.drift.memory.history import Step, hash_secrets
from stackproof.drift.memory.sql_database import LOCK, SqlDatabase
from stackproof.drift.memory.sql_schema import EPISODES, MIGRATIONS, Migration
from stackproof.drift.memory.sql_url import parse_store_url

__all__ = ["LOCK", "SqlAuditStore"]


class SqlAuditStore:
    """A store at a URL of SQLAlchemy; the first run that is recorded creates it.

    The path of a file is relative to `folder`. A writer waits `lock_timeout` seconds for another run.
    """

    def __init__(
        self,
        url: str,
        *,
        folder: Path = Path(),
        lock_timeout: float = 30.0,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self._database = SqlDatabase(parse_store_url(url, folder), lock_timeout=lock_timeout, migrations=migrations)
        self.shown = self._database.shown

    @property
    def file(self) -> Path | None:
        """The file of SQLite; None for a server."""
        return self._database.file

    def begin(self, run: Run) -> Run:
        with self._database.writing() as connection:
            return replace(run, number=sql_runs.insert_run(connection, run))

    def withdraw(self, run: Run) -> None:
        with self._database.writing() as connection:
            sql_runs.delete_unfinished_run(connection, run.number)

    def record(self, run: Run, records: Iterable[StackRecord], *, ended_at: datetime, keep: timedelta) -> Memory:
        with self._database.writing() as connection:
            salt = sql_runs.store_salt(connection)
            previous = sql_runs.previous_run(connection, run)
            steps = []
            for record in records:
                step = sql_records.insert_record(connection, run, hash_secrets(record, salt=salt))
                sql_alarms.copy_alarms(connection, run, revealed=step.revealed, lasting=step.lasting)
                steps.append(step)
            sql_runs.finish_run(connection, run, ended_at=ended_at)
            sql_runs.delete_old_runs(connection, run, before=run.started_at - keep)
            sql_records.delete_old_episodes(connection, run, before=run.started_at - keep)
        return _memory(replace(run, ended_at=ended_at), previous, steps)

    def stack_keys(self, run: Run) -> Mapping[StackKey, frozenset[str]]:
        with self._database.reading() as connection:
            return sql_records.select_stack_keys(connection, run) if connection else {}

    def last_record(self, run: Run, stack_key: StackKey) -> StackRecord | None:
        with self._database.reading() as connection:
            return sql_records.last_record(connection, run, stack_key) if connection else None

    def runs(self) -> tuple[Run, ...]:
        with self._database.reading() as connection:
            return sql_runs.select_runs(connection) if connection else ()

    def records(self, number: int) -> tuple[StackRecord, ...]:
        with self._database.reading() as connection:
            return sql_records.select_records(connection, number) if connection else ()

    def episodes(self, *, target: str, against: str) -> tuple[Episode, ...]:
        with self._database.reading() as connection:
            if connection is None:
                return ()
            return sql_records.select_episodes(connection, EPISODES.c.target == target, EPISODES.c.against == against)

    def reserve(self, channel: str, run: Run, *, at: datetime) -> tuple[Episode, ...]:
        with self._database.writing() as connection:
            return sql_alarms.reserve_alarms(connection, channel, run, at=at)

    def pending(self, channel: str, run: Run) -> int:
        with self._database.reading() as connection:
            return sql_alarms.pending_alarms(connection, channel, run) if connection else 0

    def mark_delivered(self, channel: str, run: Run, *, at: datetime) -> None:
        with self._database.writing() as connection:
            sql_alarms.mark_delivered(connection, channel, run, at=at)

    def release(self, channel: str, run: Run) -> None:
        with self._database.writing() as connection:
            sql_alarms.release_alarms(connection, channel, run)

    def salt(self) -> str:
        with self._database.writing() as connection:
            return sql_runs.store_salt(connection)

    def forget(self, stack_name: str, *, account: str | None = None, region: str | None = None) -> int:
        with self._database.reading() as connection:
            if connection is None:
                return 0
        with self._database.writing() as connection:
            return sql_records.delete_stack(connection, stack_name, account=account, region=region)


def _memory(run: Run, previous: int | None, steps: Sequence[Step]) -> Memory:
    return Memory(
        run=run,
        previous=previous,
        since={episode.fingerprint: episode.since for step in steps for episode in (*step.new, *step.lasting)},
        new=frozenset(episode.fingerprint for step in steps for episode in step.new),
        changed=frozenset(episode.fingerprint for step in steps for episode in step.changed),
        resolved=tuple(episode for step in steps for episode in step.resolved),
        carried=tuple(episode for step in steps for episode in step.carried),
    )
